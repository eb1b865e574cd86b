# Pinball loss (Koenker & Bassett 1978).
dim N = 5, D = 2
const X: [N, D], y: [N], τ = 0.9
param w: [D]
r = y - X @ w
loss L = sum(maximum(τ * r, (τ - 1) * r)) / N
