# Layer normalisation.
dim N = 3, D = 4
input X: [N, D]
param gain: [1, D], bias: [1, D]
const eps = 1e-5
mu = mean(X, axis=1)
σ = sqrt(mean(square(X - mu), axis=1) + eps)
X_hat = (X - mu) / σ
Y = gain * X_hat + bias
given dL/dY
