# Two Frobenius norms, squared, as traces.
dim N = 3
input A: [N, N], B: [N, N]
loss L = trace(A.T @ A) + trace(B.T @ B)
