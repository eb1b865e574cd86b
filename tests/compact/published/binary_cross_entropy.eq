# Sigmoid with binary cross-entropy.
dim N = 4
input z: [N]
const y: [N] ~ bernoulli(0.5)
p = sigmoid(z)
loss L = -sum(y * log(p) + (1 - y) * log(1 - p))
