# Additive attention (Bahdanau et al. 2015), one query.
dim T = 4, H = 3, A = 2
input s: [1, H], X: [T, H]
param W: [H, A], U: [H, A], v: [A]
Z = tanh(s @ W + X @ U)
α = softmax(Z @ v)
c = α.T @ X
given dL/dc
