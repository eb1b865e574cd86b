# Squeeze and excitation (Hu et al. 2018).
dim N = 4, C = 3, R = 2
input X: [N, C]
param W: [C, R], V: [R, C]
s = mean(X, axis=0)
a = relu(s @ W)
e = sigmoid(a @ V)
Y = X * e
given dL/dY
