# Bradley-Terry reward model's loss.
dim N = 5, D = 3
const A: [N, D], B: [N, D]
param w: [D]
Δ = A - B
s = sigmoid(Δ @ w)
loss L = -mean(log(s))
