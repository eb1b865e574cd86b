# Negative binomial regression, mean μ and dispersion known.
dim N = 6
input η: [N]
const y: [N] ~ integers(0, 5), r = 2
μ = exp(η)
loss L = sum((y + r) * log(r + μ) - y * η)
