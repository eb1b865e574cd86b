# Cross-entropy by log_softmax, with a linear layer before it.
dim N = 4, D = 3, K = 5
const X: [N, D], Y: [N, K] ~ simplex(axis=1)
param W: [D, K], b: [1, K]
Z = X @ W + b
loss L = -sum(Y * log_softmax(Z, axis=1)) / N
