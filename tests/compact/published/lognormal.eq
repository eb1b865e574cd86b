# The log-normal likelihood.
dim N=6
const x:[N] ~ positive()
input mu,s=0.7
z=(log(x)-mu)/s
loss L=sum(0.5*z^2)+N*log(s)
