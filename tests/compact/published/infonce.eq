# InfoNCE (van den Oord et al. 2018) with in-batch negatives.
dim N = 4, D = 3
input q: [N, D], k: [N, D]
const τ = 0.1
S = q @ k.T / τ
P = softmax(S, axis=1)
loss L = -sum(log(P) * eye(N)) / N
