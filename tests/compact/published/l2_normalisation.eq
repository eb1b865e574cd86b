# L2 normalisation by the norm.
dim N = 5
input x: [N]
r = norm(x)
y = x / r
given dL/dy
