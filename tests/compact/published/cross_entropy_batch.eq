# The mean cross-entropy of a batch of one-hot rows.
dim N = 4, K = 5
input Z: [N, K]
const Y: [N, K] ~ onehot(axis=1)
P = softmax(Z, axis=1)
loss L = -sum(Y * log(P)) / N
