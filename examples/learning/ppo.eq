# A policy is improved, but not beyond where the old one's samples say something: the ratio of both is clipped.
# Schulman et al. 2017, "Proximal policy optimization algorithms", equations 7 and 9.

dim N = 4, S = 3, A = 2

const states: [N, S], gains: [N]                # the states, and the advantages of what was done there
const logp_old: [N] ~ uniform(-1.2, -0.3)
index done: [N] in 0..A-1
param W: [S, A]

logp = log_softmax(states @ W, axis=1)
ratio = exp(pick(logp, done, axis=1) - logp_old)
clipped = minimum(ratio ∘ gains, clip(ratio, 0.8, 1.2) ∘ gains)
entropy = -sum(exp(logp) ∘ logp, axis=1)
loss L = -mean(clipped) - 0.01 * mean(entropy)
