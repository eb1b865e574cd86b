dim T = 3, D = 2
input q[1..T]: [D], k[1..T]: [D], v[1..T]: [D]
const y[1..T]: [D]
for t in 1..T:
    for s in 1..T:
        e[t, s] = exp(q[t].T @ k[s])
    Z[t] = sum(e[t, s] for s in 1..T)
    o[t] = sum(e[t, s] * v[s] for s in 1..T) / Z[t]
loss L = sum(sum(square(o[t] - y[t])) for t in 1..T)
