# A linear SVM with the hinge loss.
dim N = 6, D = 3
const X: [N, D], y: [N] ~ uniform(-1, 1), λ = 0.1
param w: [D], b
m = 1 - y * (X @ w + b)
loss L = λ/2 * sum(w^2) + sum(maximum(0, m)) / N
