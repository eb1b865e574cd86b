# REINFORCE with an entropy bonus on logits.
dim N = 4, K = 3
input Z: [N, K]
const Y: [N, K] ~ onehot(axis=1), R: [N]
P = softmax(Z, axis=1)
loss L = -sum(R * sum(Y * log(P), axis=1)) / N
