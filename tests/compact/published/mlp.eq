# A perceptron with two hidden layers.
dim X = 3, H = 4, K = 2
input x: [X]
param W1: [H, X], b1: [H], W2: [H, H], b2: [H], W3: [K, H], b3: [K]
h1 = relu(W1 @ x + b1)
h2 = relu(W2 @ h1 + b2)
y = W3 @ h2 + b3
given dL/dy
