# A quadratic form with an inverse: one solve.
dim N = 3
input A: [N, N] ~ spd(), x: [N]
loss L = x.T @ inv(A) @ x
