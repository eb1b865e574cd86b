# Two layers of a graph convolution, by the list of edges: messages are taken where edges begin and added where they end.
# Kipf & Welling 2017, "Semi-supervised classification with graph convolutional networks", equations 2 and 9.

dim N = 4, E = 6, F = 3, H = 4, C = 2

index src: [E] in 0..N-1 = [0, 1, 1, 2, 2, 3], dst: [E] in 0..N-1 = [1, 0, 2, 1, 3, 2]
index y: [N] in 0..C-1
const X: [N, F]
param W_0: [F, H], W_1: [H, C]

degree = segment_sum(ones(E), dst, N) + 1            # each node is its own neighbour, too
scale = 1 / sqrt(degree)

def spread(h) = scale * (segment_sum((scale * h)[src], dst, N) + scale * h)

h = relu(spread(X @ W_0))
logp = log_softmax(spread(h @ W_1), axis=1)
loss L = -mean(pick(logp, y, axis=1))
