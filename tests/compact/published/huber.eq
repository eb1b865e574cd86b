# Huber regression.
dim N=6,D=3
const X:[N,D],y:[N],d=1
param w:[D],b
r=X@w+b-y
a=abs(r)
loss L=sum(where(a < d, 0.5*r^2, d*(a-0.5*d)))/N
