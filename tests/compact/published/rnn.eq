# A recurrent network over three steps: shared weights, a softmax and a cross-entropy at each step.
# From the lecture slides on computational graphs ("Computational Graph for Recurrent Network");
# as there, without biases.

dim T = 3, X = 2, H = 4, K = 3

input x[1..T]: [X], h_start: [H]
const y_hat[1..T]: [K] = [0, 1, 0]
param W_i: [H, X], W_h: [H, H], W_o: [K, H]

h[0] = h_start
for t in 1..T:
    h[t] = σ(W_i @ x[t] + W_h @ h[t-1])
    y[t] = softmax(W_o @ h[t])
    C[t] = -sum(y_hat[t] * log(y[t]))

loss C_total = sum(C[t] for t in 1..T)
