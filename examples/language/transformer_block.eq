# One block of a decoder: causal attention and two layers, each behind a normalisation and beside a way past it.
# Vaswani et al. 2017, "Attention is all you need"; normalised before, as in Xiong et al. 2020 and GPT-2.

dim T = 3, D = 2, F = 3

input X: [T, D]
param W_q: [D, D], W_k: [D, D], W_v: [D, D], W_o: [D, D]
param W_1: [D, F], W_2: [F, D], g_1: [1, D], g_2: [1, D]

def layernorm(x, gain) = (x - mean(x, axis=1)) / sqrt(var(x, axis=1) + 1e-5) * gain

a = layernorm(X, g_1)
scores = (a @ W_q) @ (a @ W_k).T / sqrt(D)
P = softmax(scores - 1e9 * triu(ones(T, T), k=1), axis=1)
h = X + P @ (a @ W_v) @ W_o
y = h + relu(layernorm(h, g_2) @ W_1) @ W_2
given dL/dy
