# Factorisation machine (Rendle 2010).
dim N = 4, D = 5, K = 2
const X: [N, D]
param w: [D], V: [D, K]
XV = X @ V
y = X @ w + (sum(square(XV), axis=1) - sum(square(X) @ square(V), axis=1)) / 2
given dL/dy
