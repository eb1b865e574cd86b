# A selective state space: decay and input of each state depend on the sequence itself, and the states are one scan.
# Gu & Dao 2023, "Mamba: linear-time sequence modeling with selective state spaces", algorithm 2.

dim T = 4, D = 3, N = 2

input x: [T, D]
param A_log: [D, N], W_B: [D, N], W_C: [D, N], W_d: [D, D], b_d: [1, D], skip: [1, D]

delta = softplus(x @ W_d + b_d)                             # T×D
B = x @ W_B                                                 # T×N
C = x @ W_C
decay = exp(einsum("td,dn->tdn", delta, -exp(A_log)))       # T×D×N
enters = einsum("td,tn->tdn", delta ∘ x, B)
s = scan(decay, enters)
y = einsum("tdn,tn->td", s, C) + x ∘ skip
given dL/dy
