# Batch normalisation in training: each feature, a column of X, gets mean 0 and variance 1 over the
# batch, so that every example's derivative depends on all the others.
# Ioffe & Szegedy 2015, "Batch normalization: accelerating deep network training by reducing
# internal covariate shift", algorithm 1.

dim N = 4, D = 3

input X: [N, D]
param gain: [1, D], bias: [1, D]
const eps = 1e-5

centred = X - mean(X, axis=0)
variance = mean(square(centred), axis=0)
X_hat = centred / sqrt(variance + eps)
Y = gain * X_hat + bias

given dL/dY
