# Minimal gated unit (Zhou et al. 2016).
dim H = 4, X = 3
input x: [X], h0: [H]
param Wf: [H, X], Uf: [H, H], bf: [H], Wh: [H, X], Uh: [H, H], bh: [H]
f = sigmoid(Wf @ x + Uf @ h0 + bf)
r = f * h0
n = tanh(Wh @ x + Uh @ r + bh)
h = (1 - f) * h0 + f * n
given dL/dh
