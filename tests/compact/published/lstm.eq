# An LSTM cell with peepholes (Gers & Schmidhuber 2000).
dim H = 4, X = 3
input x: [X], h_prev: [H], c_prev: [H]
param W_i: [H, X], U_i: [H, H], p_i: [H], b_i: [H]
param W_f: [H, X], U_f: [H, H], p_f: [H], b_f: [H]
param W_o: [H, X], U_o: [H, H], p_o: [H], b_o: [H]
param W_g: [H, X], U_g: [H, H], b_g: [H]
i = sigmoid(W_i @ x + U_i @ h_prev + p_i * c_prev + b_i)
f = sigmoid(W_f @ x + U_f @ h_prev + p_f * c_prev + b_f)
g = tanh(W_g @ x + U_g @ h_prev + b_g)
c = f * c_prev + i * g
o = sigmoid(W_o @ x + U_o @ h_prev + p_o * c + b_o)
t = tanh(c)
h = o * t
given dL/dh
given dL/dc
