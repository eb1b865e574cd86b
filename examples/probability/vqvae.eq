# Vectors taken from a codebook: the nearest one stands for the encoder's, and its gradient is passed straight through.
# van den Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning", equation 3.

dim N = 3, X = 4, D = 2, K = 5

const x: [N, X]
param W_e: [X, D], W_d: [D, X], codes: [K, D]
const beta = 0.25

z = x @ W_e
apart = sum(square(codes), axis=1).T - 2 * z @ codes.T      # squared distances, less what all codes share
e = codes[argmin(apart, axis=1)]
q = z + stop(e - z)
x_hat = q @ W_d
loss L = mean(square(x_hat - x)) + mean(square(stop(z) - e)) + beta * mean(square(z - stop(e)))
