# Logistic regression.
dim N = 6, D = 3
const X: [N, D], y: [N] ~ bernoulli(0.5)
param w: [D]
p = sigmoid(X @ w)
loss L = -sum(y * log(p) + (1 - y) * log(1 - p))
