# Skip-gram with negative sampling, as it is written: log σ(-u·v).
dim K = 4, D = 3
input v: [D]
param u: [D], U: [K, D]
p = sigmoid(dot(u, v))
n = sigmoid(-(U @ v))
loss L = -log(p) - sum(log(n))
