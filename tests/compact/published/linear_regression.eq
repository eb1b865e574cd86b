# Linear regression.
dim N = 6, D = 3
const X: [N, D], y: [N]
param w: [D]
loss L = sum(square(X @ w - y)) / N
