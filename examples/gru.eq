# One step of a gated recurrent unit: h is the old state where z is 1, and the candidate where z is 0.
# Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical
# machine translation", with biases.

dim H = 4, X = 3

input x: [X], h_prev: [H]
param W_r: [H, X], U_r: [H, H], b_r: [H]    # the reset gate
param W_z: [H, X], U_z: [H, H], b_z: [H]    # the update gate
param W_h: [H, X], U_h: [H, H], b_h: [H]    # the candidate

r = sigmoid(W_r @ x + U_r @ h_prev + b_r)
z = sigmoid(W_z @ x + U_z @ h_prev + b_z)
h_tilde = tanh(W_h @ x + U_h @ (r ∘ h_prev) + b_h)
h = z ∘ h_prev + (1 - z) ∘ h_tilde

given dL/dh
