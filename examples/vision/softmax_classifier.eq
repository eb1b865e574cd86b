# A linear classifier of pictures by softmax and cross-entropy, with the weights held small. The labels are numbers.
# CS231n (Stanford), "Linear classification", and assignment 1, softmax.py.

dim N = 4, D = 5, C = 3

const X: [N, D]                 # the pictures, one a row
index y: [N] in 0..C-1          # their classes
param W: [D, C]
const reg = 0.1

scores = X @ W
logp = log_softmax(scores, axis=1)
loss L = -mean(pick(logp, y, axis=1)) + reg * sum(W * W)
