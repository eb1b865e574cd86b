# RMS normalisation (Zhang & Sennrich 2019).
dim N = 3, D = 4
input X: [N, D]
param gain: [1, D]
const eps = 1e-6
r = sqrt(mean(X^2, axis=1) + eps)
X_hat = X / r
Y = X_hat * gain
given dL/dY
