# Two graph-convolution layers (Kipf & Welling 2017).
dim N = 5, D = 3, H = 4, K = 2
const A: [N, N], X: [N, D], Y: [N, K] ~ onehot(axis=1)
param W: [D, H], V: [H, K]
AX = A @ X
H1 = relu(AX @ W)
AH = A @ H1
P = softmax(AH @ V, axis=1)
loss L = -sum(Y * log(P))
