# Poisson regression.
dim N=6,D=3
const X:[N,D],y:[N] ~ integers(0,9)
param w:[D],b
eta=X@w+b
mu=exp(eta)
loss L=sum(mu-y*eta)
