# A matrix product under a squared error. With Z̄ for dE/dZ: X̄ = Z̄ Yᵀ and Ȳ = Xᵀ Z̄, in the layout in
# which a derivative has its variable's shape.
# Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic
# differentiation", as in the lecture notes "Differentiating functions".

layout denominator

dim M = 2, P = 3, N = 4

input X: [M, P], Y: [P, N]
const Z_true: [M, N]

Z = X @ Y
loss E = sum(square(Z - Z_true))
