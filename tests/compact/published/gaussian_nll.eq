# Gaussian negative log-likelihood with a predicted log-variance (Nix & Weigend 1994).
dim N = 5
input μ: [N], s: [N]
const y: [N]
r = y - μ
w = exp(-s)
loss L = sum(s + square(r) * w) / (2*N)
