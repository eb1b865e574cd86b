# Batch normalisation (Ioffe & Szegedy 2015).
dim N = 4, D = 3
input X: [N, D]
param gain: [1, D], bias: [1, D]
const eps = 1e-5
mu = mean(X, axis=0)
v = mean(square(X - mu), axis=0)
σ = sqrt(v + eps)
X_hat = (X - mu) / σ
Y = gain * X_hat + bias
given dL/dY
