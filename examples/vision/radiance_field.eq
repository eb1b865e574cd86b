# A ray through a radiance field: how much light each sample along it adds, behind those in front of it.
# Mildenhall et al. 2020, "NeRF: Representing scenes as neural radiance fields", equation 3.

dim S = 5

input raw: [S], colour: [S, 3]              # from the network: densities before the softplus, colours
const delta: [S] ~ uniform(0.1, 0.5)        # from each sample to the next
const pixel: [1, 3] ~ uniform(0, 1)

alpha = 1 - exp(-softplus(raw) ∘ delta)
through = cumprod(1 - alpha)                # what passes all samples up to this one
before = shift(through) + [1; zeros(S-1)]   # and up to the one before
weights = before ∘ alpha
seen = weights.T @ sigmoid(colour)
loss L = sum(square(seen - pixel))
