# The Frobenius norm of a matrix.
dim N = 3, M = 2
input A: [N, M]
loss L = sqrt(trace(A.T @ A))
