# Group normalisation.
dim N=4,G=2,D=6
input X:[N,G,D]
param gain:[1,G,D],bias:[1,G,D]
mu=mean(X,axis=2)
c=X-mu
v=mean(square(c),axis=2)
s=sqrt(v+1e-5)
H=c/s
Y=H*gain+bias
given dL/dY
