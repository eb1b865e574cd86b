# Batch normalisation over images.
dim N = 2, C = 3, H = 2
input X: [N, C, H, H]
param γ: [1, C, 1, 1], β: [1, C, 1, 1]
μ = mean(X, axis=(0, 2, 3))
c = X - μ
s = sqrt(mean(square(c), axis=(0, 2, 3)) + 1e-5)
x_hat = c / s
Y = γ * x_hat + β
given dL/dY
