# Weight normalisation (Salimans & Kingma 2016).
dim N = 4, M = 3
input x: [M]
param V: [N, M], g: [N]
n = norm(V, axis=1)
W = g * V / n
y = W @ x
given dL/dy
