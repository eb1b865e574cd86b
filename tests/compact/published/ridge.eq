# Ridge regression.
dim N = 6, D = 3
const X: [N, D], y: [N], λ = 0.1
param w: [D]
loss L = sum(square(X @ w - y)) / N + λ * sum(w^2)
