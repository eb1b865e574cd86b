# Matrix factorisation with weight decay (Koren et al. 2009), observed entries.
dim N = 4, M = 3, K = 2
const R: [N, M], Ω: [N, M] ~ bernoulli(0.6), λ = 0.1
param U: [N, K], V: [M, K]
E = Ω * (U @ V.T - R)
loss L = sum(square(E)) / 2 + λ/2 * (sum(square(U)) + sum(square(V)))
