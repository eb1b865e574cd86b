dim T = 3, X = 2, H = 4, K = 3
input x[1..T]: [X]
const y[1..T]: [K] ~ onehot()
param W: [H, X], V: [K, H]
for t in 1..T:
    h[t] = tanh(W @ x[t])
    p[t] = softmax(V @ h[t])
loss L = -sum(sum(y[t] * log(p[t])) for t in 1..T) / T
