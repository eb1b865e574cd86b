# Attention with a mask.
dim T=4,D=3
input Q:[T,D],K:[T,D],V:[T,D]
const M:[T,T] ~ bernoulli(0.7)
S=where(M > 0, Q@K.T/sqrt(D), -1e9)
P=softmax(S,axis=1)
O=P@V
given dL/dO
