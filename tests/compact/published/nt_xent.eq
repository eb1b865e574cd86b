# SimCLR's NT-Xent of one anchor (Chen et al. 2020).
dim N = 5, D = 3
input z: [D], Z: [N, D]
const y: [N] ~ onehot(), τ = 0.5
p = softmax(Z @ z / τ)
loss L = -sum(y * log(p))
