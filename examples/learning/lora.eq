# A frozen layer and beside it a product of two thin matrices, which alone are trained.
# Hu et al. 2022, "LoRA: low-rank adaptation of large language models", equation 3.

dim N = 3, D = 4, K = 5, R = 2

const X: [N, D], W: [D, K], Y: [N, K]
param A: [D, R], B: [R, K]
const alpha = 4

h = X @ W + alpha / R * (X @ A) @ B
loss L = mean(square(h - Y))
