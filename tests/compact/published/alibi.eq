# Attention with linear biases (Press et al. 2022), causal.
dim T = 4, D = 3
input Q: [T, D], K: [T, D], V: [T, D]
param m: [1]
const B: [T, T], M: [T, T] ~ bernoulli(0.7)
S = Q @ K.T / sqrt(D) + m * B
A = where(M > 0, S, -1e9)
P = softmax(A, axis=1)
O = P @ V
given dL/dO
