# KL divergence of two diagonal Gaussians.
dim N=4
input m1:[N],m2:[N],l1:[N],l2:[N]
v1=exp(l1)
v2=exp(l2)
d=m1-m2
loss L=0.5*sum(l2-l1+(v1+d^2)/v2-1)
