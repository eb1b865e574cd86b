# Softmax with cross-entropy, of a one-hot label.
dim K = 5
input z: [K]
const y: [K] ~ onehot()
p = softmax(z)
loss L = -sum(y * log(p))
