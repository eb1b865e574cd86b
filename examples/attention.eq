# Scaled dot-product self-attention, one head: each row of A says how one query weighs the keys.
# Vaswani et al. 2017, "Attention is all you need", equation 1.

dim N = 3, E = 4, D = 2     # N tokens of size E, a head of size D

input X: [N, E]
param W_Q: [E, D], W_K: [E, D], W_V: [E, D]

Q = X @ W_Q
K = X @ W_K
V = X @ W_V
A = softmax(Q @ K.T / sqrt(D), axis=1)
O = A @ V

given dL/dO
