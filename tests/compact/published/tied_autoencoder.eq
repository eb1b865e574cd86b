# An autoencoder with tied weights.
dim N = 4, D = 5, H = 3
const X: [N, D]
param W: [D, H], b: [1, H], c: [1, D]
A = sigmoid(X @ W + b)
E = A @ W.T + c - X
loss L = sum(square(E)) / (2*N)
