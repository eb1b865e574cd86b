# Two sigmoid layers, a softmax and the cross-entropy with a one-hot target.
# From the lecture slides on computational graphs ("Computational Graph for Feedforward Net").

dim X = 3, H1 = 4, H2 = 4, K = 3

input x: [X]
const y_hat: [K] = [0, 1, 0]
param W1: [H1, X],  b1: [H1]
param W2: [H2, H1], b2: [H2]
param W3: [K, H2],  b3: [K]

a1 = σ(W1 @ x + b1)
a2 = σ(W2 @ a1 + b2)
y = softmax(W3 @ a2 + b3)
loss C = -sum(y_hat * log(y))
