# LoRA (Hu et al. 2022).
dim N = 4, D = 3, H = 5, R = 2
input X: [N, D]
const W: [D, H], α = 2
param A: [D, R], B: [R, H]
XA = X @ A
Y = X @ W + α / R * (XA @ B)
given dL/dY
