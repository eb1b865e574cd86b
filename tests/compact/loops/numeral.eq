input x: [3]
param W: [3, 3]
h[0] = x
for t in 1..6:
    h[t] = tanh(W @ h[t-1])
loss L = sum(square(h[6]))
