# One convolution with its bias, a rectifier and a pool of the largest, then scores of all that is left.
# CS231n (Stanford), assignment 2, layer_utils.py, conv_relu_pool_forward.

dim N = 2, C = 2, H = 4, F = 2, K = 2

const X: [N, C, H, H]
index y: [N] in 0..K-1
param w: [F, C, 3, 3], b: [1, F, 1, 1], V: [F*H*H/4, K]

conv = conv2d(X, w, pad=1) + b
pool = maxpool2d(relu(conv), 2)
scores = reshape(pool, [N, F*H*H/4]) @ V
loss L = -mean(pick(log_softmax(scores, axis=1), y, axis=1))
