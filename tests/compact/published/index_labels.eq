# Negative log-likelihood of labels that are numbers (every course on classification).
dim N = 4, K = 3
input Z: [N, K]
index y: [N] in 0..K-1
logp = log_softmax(Z, axis=1)
loss L = -mean(pick(logp, y, axis=1))
