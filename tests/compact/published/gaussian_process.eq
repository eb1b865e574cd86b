# Log marginal likelihood of a Gaussian process (Rasmussen & Williams 2006, eq. 5.9), by the kernel matrix.
dim N = 4
input K: [N, N] ~ spd()
const y: [N]
α = solve(K, y)
loss L = dot(y, α) / 2 + logdet(K) / 2
