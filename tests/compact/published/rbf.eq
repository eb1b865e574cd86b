# An RBF kernel's regression, its length scale learnt.
dim N = 4, M = 3
const d: [N, M] ~ positive(), y: [N]
param ell: [1] ~ positive(), w: [M]
K = exp(-d / (2 * ell^2))
r = K @ w - y
loss L = sum(square(r)) / 2
