# Distillation (Hinton et al. 2015): soft targets at a temperature.
dim K = 5
input z: [K]
const t: [K], τ = 4
q = softmax(t / τ)
p = softmax(z / τ)
loss L = τ^2 * sum(q * (log(q) - log(p)))
