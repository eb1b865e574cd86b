# A multilayer perceptron with two hidden layers: 8 equations forward, 14 steps backward.
# Example 1 of the recitation "Computing Derivatives".

dim X = 3, H1 = 5, H2 = 4, K = 2

input x: [X]
param W1: [H1, X],  b1: [H1]
param W2: [H2, H1], b2: [H2]
param W3: [K, H2],  b3: [K]

output = W3 @ relu(W2 @ relu(W1 @ x + b1) + b2) + b3

given dL/doutput
