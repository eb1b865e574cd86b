# SwiGLU (Shazeer 2020).
dim N = 3, D = 4, H = 5
input X: [N, D]
param W: [D, H], V: [D, H], W2: [H, D]
A = X @ W
B = X @ V
s = sigmoid(A)
S = A * s
M = S * B
Y = M @ W2
given dL/dY
