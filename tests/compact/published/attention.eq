# Scaled dot-product attention, with the weights P.
dim N = 3, M = 4, D = 2, E = 3
input Q: [N, D], K: [M, D], V: [M, E]
S = Q @ K.T / sqrt(D)
P = softmax(S, axis=1)
O = P @ V
given dL/dO
