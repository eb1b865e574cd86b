# A GRU cell (Cho et al. 2014).
dim H = 4, X = 3
input x: [X], h_prev: [H]
param W_r: [H, X], U_r: [H, H], b_r: [H]
param W_z: [H, X], U_z: [H, H], b_z: [H]
param W_h: [H, X], U_h: [H, H], b_h: [H]
r = sigmoid(W_r @ x + U_r @ h_prev + b_r)
z = sigmoid(W_z @ x + U_z @ h_prev + b_z)
m = r * h_prev
c = tanh(W_h @ x + U_h @ m + b_h)
h = z * h_prev + (1 - z) * c
given dL/dh
