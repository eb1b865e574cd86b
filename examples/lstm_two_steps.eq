# Two steps of the peephole LSTM with shared weights: every weight's derivative adds up over time.
# The homework of the recitation "Computing Derivatives"; the cell is the one of the LSTM slides of
# the course "How to compute a derivative". Every h[t] feeds the loss, and C[2] the steps to come.

dim H = 4, X = 3

input x[1..2]: [X], h_start: [H], C_start: [H]

param W_fc: [H, H], W_fh: [H, H], W_fx: [H, X], b_f: [H]    # the forget gate
param W_ic: [H, H], W_ih: [H, H], W_ix: [H, X], b_i: [H]    # the input gate
param W_ch: [H, H], W_cx: [H, X], b_c: [H]                  # the candidate
param W_oc: [H, H], W_oh: [H, H], W_ox: [H, X], b_o: [H]    # the output gate

h[0] = h_start
C[0] = C_start
for t in 1..2:
    f = sigmoid(W_fc @ C[t-1] + W_fh @ h[t-1] + W_fx @ x[t] + b_f)
    i = sigmoid(W_ic @ C[t-1] + W_ih @ h[t-1] + W_ix @ x[t] + b_i)
    C_tilde = sigmoid(W_ch @ h[t-1] + W_cx @ x[t] + b_c)
    C[t] = f ∘ C[t-1] + i ∘ C_tilde
    o = sigmoid(W_oc @ C[t-1] + W_oh @ h[t-1] + W_ox @ x[t] + b_o)
    h[t] = o ∘ tanh(C[t])

given dL/dh[1], dL/dh[2], dL/dC[2]
