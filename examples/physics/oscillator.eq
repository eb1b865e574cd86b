# A network that solves u'' + w² u = 0 from u(0) = 1 and u'(0) = 0: its own derivatives are in the loss.
# Raissi, Perdikaris & Karniadakis 2019, "Physics-informed neural networks", section 3.

dim N = 4, H = 3

input x: [1, N] ~ uniform(0, 1)
param W: [H, 1], b: [H], a: [1, H]
const w = 2

u = a @ tanh(W @ x + b)
u_x = grad(sum(u), x)
u_xx = grad(sum(u_x), x)

begin = a @ tanh(b)
slope = (a ∘ (1 - square(tanh(b))).T) @ W
loss L = mean(square(u_xx + w^2 * u)) + square(begin - 1) + square(slope)
