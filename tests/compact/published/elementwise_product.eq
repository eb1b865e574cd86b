# A matrix product, and a function of each entry.
dim N = 3, M = 2
input M_: [N, M], x: [M]
y = sin(M_ @ x)
given dL/dy
