# Log-determinant.
dim N = 3
input A: [N, N] ~ spd()
loss L = log(det(A))
