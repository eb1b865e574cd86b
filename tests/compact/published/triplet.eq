# Triplet loss (Schroff et al. 2015).
dim N = 5, D = 3
input a: [N, D], p: [N, D], n: [N, D]
const m = 0.2
dp = sum(square(a - p), axis=1)
dn = sum(square(a - n), axis=1)
loss L = sum(relu(dp - dn + m)) / N
