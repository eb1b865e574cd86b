dim T = 3, L = 2, H = 3
input x[1..T]: [H]
param W[1..L]: [H, H], U[1..L]: [H, H], b[1..L]: [H]
const y[1..T]: [H]
for t in 1..T:
    h[0, t] = x[t]
for l in 1..L:
    h[l, 0] = zeros(H)
    for t in 1..T:
        h[l, t] = tanh(W[l] @ h[l-1, t] + U[l] @ h[l, t-1] + b[l])
loss E = sum(sum(square(h[L, t] - y[t])) for t in 1..T) / T
