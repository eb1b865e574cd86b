dim T = 4, X = 2, H = 3
input x[1..T]: [X], h0: [H], c0: [H]
const y: [H]
param W_f: [H, X], U_f: [H, H], b_f: [H], W_i: [H, X], U_i: [H, H], b_i: [H]
param W_o: [H, X], U_o: [H, H], b_o: [H], W_c: [H, X], U_c: [H, H], b_c: [H]
h[0] = h0
c[0] = c0
for t in 1..T:
    f[t] = sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)
    i[t] = sigmoid(W_i @ x[t] + U_i @ h[t-1] + b_i)
    o[t] = sigmoid(W_o @ x[t] + U_o @ h[t-1] + b_o)
    g[t] = tanh(W_c @ x[t] + U_c @ h[t-1] + b_c)
    c[t] = f[t] * c[t-1] + i[t] * g[t]
    h[t] = o[t] * tanh(c[t])
loss L = sum(square(h[T] - y))
