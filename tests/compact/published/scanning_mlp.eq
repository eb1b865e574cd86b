# One multilayer perceptron slides over a sequence: its weights are shared by all positions, and the
# slices of X overlap, so that most of X is reached more than once.
# Example 2 of the recitation "Computing Derivatives" (there t counts from 1, here from 0).

dim T = 6, N = 3, H1 = 5, H2 = 4, K = 2

input X: [T, 1]
param W1: [H1, N],  b1: [H1]
param W2: [H2, H1], b2: [H2]
param W3: [K, H2],  b3: [K]

for t in 0..T-N:
    x = X[t : t+N, :]
    O[t] = W3 @ relu(W2 @ relu(W1 @ x + b1) + b2) + b3

given dL/dO
