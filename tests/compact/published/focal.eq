# Focal loss (Lin et al. 2017) of the probability of the right class.
dim N = 4
input z: [N]
const γ = 2
p = sigmoid(z)
loss L = -sum((1 - p)^γ * log(p))
