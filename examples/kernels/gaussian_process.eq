# Regression by a Gaussian process: the evidence of its length, height and noise, by one Cholesky factor.
# Rasmussen & Williams 2006, "Gaussian processes for machine learning", algorithm 2.1 and equation 2.30.

dim N = 4

const x: [N] ~ uniform(0, 3), y: [N]
param log_length, log_height, log_noise

apart = broadcast(x, [N, N]) - broadcast(x.T, [N, N])
near = exp(-square(apart) / (2 * exp(2 * log_length)))
K = exp(2 * log_height) * near + exp(2 * log_noise) * eye(N)
L = cholesky(K)
alpha = solve_triangular(L, solve_triangular(L, y), trans=1)
loss cost = dot(y, alpha) / 2 + sum(log(diag(L))) + N / 2 * log(2 * pi)
