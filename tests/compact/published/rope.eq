# Rotary position embedding (Su et al. 2021), halves rotated.
dim N = 3, H = 2
input X: [N, 2*H]
const θ: [N, H]
c = cos(θ)
s = sin(θ)
a = X[:, 0:H]
b = X[:, H:2*H]
Y = concat(a * c - b * s, b * c + a * s, axis=1)
given dL/dY
