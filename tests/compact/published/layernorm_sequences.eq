# Layer normalisation of sequences.
dim B=2,T=3,D=4
input X:[B,T,D]
param g:[1,1,D],b:[1,1,D]
mu=mean(X,axis=2)
c=X-mu
v=mean(square(c),axis=2)
s=sqrt(v+1e-5)
H=c/s
Y=H*g+b
given dL/dY
