# Gaussian log-likelihood.
dim N = 3
const x: [N]
param mu: [N], S: [N, N] ~ spd()
d = x - mu
loss L = -0.5 * (d.T @ inv(S) @ d) - 0.5 * logdet(S) - N/2 * log(2 * pi)
