# Attention as a kernel that keeps no matrix of T×T: only the logarithm of each row's sum is saved, and the rest is
# computed again. Dao 2023, "FlashAttention-2", algorithms 1 and 2, with a single block.

layout denominator
dim T = 4, D = 3

input Q: [T, D], K: [T, D], V: [T, D]

op attention(Q, K, V):
    S = Q @ K.T / sqrt(D)
    lse = logsumexp(S, axis=1)
    save lse
    return exp(S - lse) @ V
    P = exp(Q @ K.T / sqrt(D) - lse)
    delta = sum(dL/dout * out, axis=1)
    dS = P * (dL/dout @ V.T - delta)
    dL/dQ = dS @ K / sqrt(D)
    dL/dK = dS.T @ Q / sqrt(D)
    dL/dV = P.T @ dL/dout

O = attention(Q, K, V)
given dL/dO
