# A critic of real and made pictures whose gradient is drawn to length 1 between them.
# Gulrajani et al. 2017, "Improved training of Wasserstein GANs", equation 3.

dim N = 3, X = 4, H = 3

const real: [N, X], made: [N, X], share: [N] ~ uniform(0, 1)
param W: [X, H], v: [H]

def critic(x) = softplus(x @ W) @ v

between = share * real + (1 - share) * made
steepness = norm(grad(sum(critic(between)), between), axis=1)
loss L = mean(critic(made)) - mean(critic(real)) + 10 * mean(square(steepness - 1))
