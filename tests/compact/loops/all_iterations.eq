dim T = 4, H = 3
input x[1..T]: [H]
param W: [H, H]
for t in 1..T:
    z[t] = tanh(W @ x[t])
m = sum(z[t] for t in 1..T) / T
for t in 1..T:
    d[t] = z[t] - m
    y[t] = d[t] * z[T] * z[1]
loss L = sum(sum(square(y[t])) for t in 1..T)
