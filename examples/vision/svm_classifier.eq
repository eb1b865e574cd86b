# The multiclass support vector machine: each wrong class that comes within a margin of 1 of the right one costs.
# CS231n (Stanford), "Linear classification", and assignment 1, linear_svm.py, svm_loss_vectorized.

dim N = 4, D = 5, C = 3

const X: [N, D]
index y: [N] in 0..C-1
param W: [D, C]
const reg = 0.1

scores = X @ W
right = pick(scores, y, axis=1)                     # N×1
margins = maximum(scores - right + 1, 0) * (1 - onehot(y, C))
loss L = sum(margins) / N + reg * sum(W * W)
