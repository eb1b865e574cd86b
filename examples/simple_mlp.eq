# One tanh layer. The derivative by x is not wanted, so no backward step is spent on it.
# The simple MLP of the slides "Proof by Examples: Computing Derivatives Can be Trivial".

dim M = 3, N = 4

const x: [M]
param W1: [N, M], b1: [N]

out = tanh(W1 @ x + b1)

given dL/dout
