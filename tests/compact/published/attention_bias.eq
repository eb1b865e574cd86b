# Attention with an additive mask.
dim T = 4, D = 3
input Q: [T, D], K: [T, D], V: [T, D]
const B: [T, T]
P = softmax(Q @ K.T / sqrt(D) + B, axis=1)
O = P @ V
given dL/dO
