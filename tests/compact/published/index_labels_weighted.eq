# The same with a weight for each row, beside scores that are taken as they are.
dim N = 4, K = 3
input Z: [N, K], X: [N, K]
const w: [N] ~ uniform(0, 1)
index y: [N] in 0..K-1
logp = log_softmax(Z, axis=1)
loss L = -sum(w * pick(logp, y, axis=1)) / N + sum(w * pick(X, y, axis=1))
