# A normalising flow of two affine couplings: half of the entries shift and scale the others, then the halves change places.
# Dinh, Sohl-Dickstein & Bengio 2017, "Density estimation using Real NVP", equations 3 to 8.

dim N = 3, D = 2, H = 4

const x[1..2]: [N, D]                       # the halves of N points
param W_1: [D, H], S_1: [H, D], T_1: [H, D], W_2: [D, H], S_2: [H, D], T_2: [H, D]

h = tanh(x[1] @ W_1)
s = tanh(h @ S_1)
y = x[2] ∘ exp(s) + h @ T_1

k = tanh(y @ W_2)
r = tanh(k @ S_2)
z = x[1] ∘ exp(r) + k @ T_2

prior = -sum(square(y) + square(z)) / 2 - N * D * log(2 * pi)
loss L = -(prior + sum(s) + sum(r)) / N
