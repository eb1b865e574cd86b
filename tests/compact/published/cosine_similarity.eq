# Cosine similarity.
dim N = 5
input x: [N], y: [N]
a = norm(x)
b = norm(y)
s = dot(x, y) / (a * b)
given dL/ds
