# Logistic regression by its softplus.
dim N=6,D=3
const X:[N,D],y:[N]
param w:[D]
u=y*(X@w)
loss L=sum(log(1+exp(-u)))
