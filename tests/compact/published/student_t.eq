# Negative log-likelihood of Student's t, at fixed degrees of freedom.
dim N = 5
input μ: [N]
const y: [N], ν = 3
r = y - μ
loss L = (ν + 1)/2 * sum(log(1 + square(r) / ν))
