dim T = 5, H = 3
input x: [H]
param A: [H, H], B: [H, H]
h[0] = x
h[1] = A @ x
for t in 2..T:
    h[t] = tanh(A @ h[t-1] + B @ h[t-2])
given dL/dh[T]
