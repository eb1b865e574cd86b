# Instance normalisation (Ulyanov et al. 2016), without a gain.
dim N = 2, C = 3, S = 5
input X: [N, C, S]
mu = mean(X, axis=2)
c = X - mu
s = sqrt(mean(square(c), axis=2) + 1e-5)
Y = c / s
given dL/dY
