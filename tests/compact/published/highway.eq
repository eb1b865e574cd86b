# Highway layer (Srivastava et al. 2015).
dim N = 4
input x: [N]
param W: [N, N], b: [N], V: [N, N], c: [N]
h = tanh(W @ x + b)
t = sigmoid(V @ x + c)
y = h * t + x * (1 - t)
given dL/dy
