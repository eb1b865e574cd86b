# One step of Heun's method.
dim N = 3
input y: [N]
param A: [N, N]
const h = 0.1
k = A @ y
u = y + h * k
l = A @ u
y1 = y + h/2 * (k + l)
given dL/dy1
