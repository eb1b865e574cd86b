# Rotary position embeddings: each pair of a query's and a key's entries is turned by an angle that grows with the place.
# Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding", equation 34; pairs as in GPT-NeoX.

layout denominator
dim T = 4, H = 2

input Q: [T, 2*H], K: [T, 2*H]
const angle: [T, H] ~ uniform(0, 3)

op rope(x, const c, const s):
    one = x[:, 0:H]
    two = x[:, H:2*H]
    return concat(one * c - two * s, two * c + one * s, axis=1)
    g1 = dL/dout[:, 0:H]
    g2 = dL/dout[:, H:2*H]
    dL/dx = concat(g1 * c + g2 * s, g2 * c - g1 * s, axis=1)    # turned back

c = cos(angle)
s = sin(angle)
scores = rope(Q, c, s) @ rope(K, c, s).T
given dL/dscores
