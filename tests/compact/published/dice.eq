# Dice loss (Milletari et al. 2016).
dim N = 6
input p: [N] ~ uniform(0.1, 0.9)
const y: [N] ~ bernoulli(0.5)
i = sum(p * y)
u = sum(square(p)) + sum(square(y))
loss L = 1 - 2 * i / u
