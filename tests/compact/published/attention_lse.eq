# Attention with a saved log-sum-exp (Dao et al. 2022).
dim N = 3, D = 2
input Q: [N, D], K: [N, D], V: [N, D]
S = Q @ K.T / sqrt(D)
lse = logsumexp(S, axis=1)
P = exp(S - lse)
O = P @ V
given dL/dO
