# A graph attention layer by the list of edges: of all edges that end at a node the weights add up to 1.
# Veličković et al. 2018, "Graph attention networks", equations 1 to 4.

dim N = 4, E = 7, F = 3, H = 2

index src: [E] in 0..N-1 = [0, 1, 1, 2, 2, 3, 3], dst: [E] in 0..N-1 = [1, 0, 2, 1, 3, 2, 3]
input X: [N, F]
param W: [F, H], a_from: [H], a_to: [H]

h = X @ W
e = leaky_relu(h[src] @ a_from + h[dst] @ a_to, 0.2)
power = exp(e)
total = segment_sum(power, dst, N)
weight = power / total[dst]
y = elu(segment_sum(weight * h[src], dst, N), 1)
given dL/dy
