# A bilinear form under a cross-entropy.
dim N=4,D=3,F=2
input X:[N,D],Y:[N,F]
param A:[D,F],b
s=sum(X@A*Y,axis=1)+b
p=sigmoid(s)
const t:[N] ~ uniform(0,1)
loss L=-sum(t*log(p)+(1-t)*log(1-p))/N
