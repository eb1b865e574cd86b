dim L = 3, N = 4, D = 3
input X: [N, D]
param W[1..L]: [D, D], g[1..L]: [1, D]
h[0] = X
for l in 1..L:
    mu[l] = mean(h[l-1], axis=1)
    v[l] = mean(square(h[l-1] - mu[l]), axis=1)
    n[l] = (h[l-1] - mu[l]) / sqrt(v[l] + 1e-5)
    h[l] = h[l-1] + relu(n[l] * g[l] @ W[l])
given dL/dh[L]
