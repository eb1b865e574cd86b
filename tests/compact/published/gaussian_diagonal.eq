# Gaussian log-likelihood with a variance an entry.
dim N = 4
const x: [N]
param mu: [N], sigma: [N] ~ uniform(0.5, 2)
z = (x - mu) / sigma
loss L = -sum(0.5 * z^2 + log(sigma))
