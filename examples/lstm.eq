# One peephole LSTM cell, in the order in which it is computed.
# From the LSTM slides of the course "How to compute a derivative": 31 unary and binary equations
# forward, 57 steps backward. As in the slides' listing, the candidate C_tilde has no peephole and
# uses the sigmoid, and the output gate looks at C_prev.

dim H = 4, X = 3

input x: [X], h_prev: [H], C_prev: [H]

param W_fc: [H, H], W_fh: [H, H], W_fx: [H, X], b_f: [H]    # the forget gate
param W_ic: [H, H], W_ih: [H, H], W_ix: [H, X], b_i: [H]    # the input gate
param W_ch: [H, H], W_cx: [H, X], b_c: [H]                  # the candidate
param W_oc: [H, H], W_oh: [H, H], W_ox: [H, X], b_o: [H]    # the output gate

f_t = sigmoid(W_fc @ C_prev + W_fh @ h_prev + W_fx @ x + b_f)
i_t = sigmoid(W_ic @ C_prev + W_ih @ h_prev + W_ix @ x + b_i)
C_tilde = sigmoid(W_ch @ h_prev + W_cx @ x + b_c)
C_t = f_t ∘ C_prev + i_t ∘ C_tilde
o_t = sigmoid(W_oc @ C_prev + W_oh @ h_prev + W_ox @ x + b_o)
h_t = o_t ∘ tanh(C_t)

given dL/dh_t, dL/dC_t
