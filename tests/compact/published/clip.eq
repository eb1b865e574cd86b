# CLIP's symmetric loss (Radford et al. 2021).
dim N = 4, D = 3
input q: [N, D], k: [N, D]
param s: [1]
S = q @ k.T
Z = exp(s) * S
P = softmax(Z, axis=1)
R = softmax(Z, axis=0)
loss L = -(sum(log(P) * eye(N)) + sum(log(R) * eye(N))) / (2*N)
