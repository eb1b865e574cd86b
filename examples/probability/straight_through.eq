# Weights rounded to a grid of steps, trained as if they were not: the gradient passes inside the grid's range.
# Bengio, Léonard & Courville 2013, "Estimating or propagating gradients through stochastic neurons"; Esser et al. 2020.

dim H = 3, X = 4

const x: [X], y: [H]
param W: [H, X]
const step = 0.5

surrogate op quantised(W, const step) = step * round(clip(W / step, -2, 2)):
    dL/dW = dL/dout * (abs(W / step) <= 2).T

h = quantised(W, step) @ x
loss L = sum(square(h - y))
