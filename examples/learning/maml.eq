# Learning to learn: the loss after one step of gradient descent on a task, by the weights before that step.
# Finn, Abbeel & Levine 2017, "Model-agnostic meta-learning for fast adaptation of deep networks", algorithm 1.

dim N = 3, X = 2, H = 3

const x: [N, X], y: [N], x_new: [N, X], y_new: [N]
param W: [X, H], v: [H]
const rate = 0.1

def error(x, y, W, v) = mean(square(tanh(x @ W) @ v - y))

task = error(x, y, W, v)
W_1 = W - rate * grad(task, W)
v_1 = v - rate * grad(task, v)
loss L = error(x_new, y_new, W_1, v_1)
