# Layer normalisation: each example, a row of X, gets mean 0 and variance 1 over its features.
# Ba, Kiros & Hinton 2016, "Layer normalization".

dim N = 3, D = 4

input X: [N, D]
param gain: [1, D], bias: [1, D]
const eps = 1e-5

centred = X - mean(X, axis=1)
variance = mean(square(centred), axis=1)
X_hat = centred / sqrt(variance + eps)
Y = gain * X_hat + bias

given dL/dY
