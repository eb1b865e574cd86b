# Attention with dropout on its probabilities.
dim T=4,D=3
input Q:[T,D],K:[T,D],V:[T,D]
const M:[T,T] ~ bernoulli(0.7)
P=softmax(Q@K.T/sqrt(D),axis=1)
A=M*P/0.7
O=A@V
given dL/dO
