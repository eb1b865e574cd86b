# The entropy of a softmax.
dim K = 5
input z: [K]
p = softmax(z)
ℓ = log(p)
H = -sum(p * ℓ)
loss L = H
