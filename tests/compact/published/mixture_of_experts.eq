# Mixture of two experts with a softmax gate (Jacobs et al. 1991), dense.
dim N = 4, D = 3, E = 2
input X: [N, D]
param G: [D, E], A: [D, E]
P = softmax(X @ G, axis=1)
F = X @ A
y = sum(P * F, axis=1)
given dL/dy
