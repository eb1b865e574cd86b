dim T = 6, D = 3, K = 2
input X: [T, D]
param W: [D, K]
for t in 0..T-1:
    y[t] = X[t] @ W
    r[t] = y[t] * sum(X[t])
loss L = sum(sum(square(r[t])) for t in 0..T-1)
