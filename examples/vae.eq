# A variational auto-encoder with one draw of the noise: the reparameterisation z = mu + sigma ∘ eps lets
# the derivative pass through the draw. The loss is the negative evidence lower bound, KL in closed form.
# Kingma & Welling 2014, "Auto-encoding variational Bayes", with appendices B and C.

dim X = 4, H = 3, Z = 2

const x: [X] ~ uniform(0, 1)
const eps: [Z] ~ normal(0, 1)

param W_e: [H, X],  b_e: [H]                                # the encoder
param W_m: [Z, H],  b_m: [Z], W_s: [Z, H], b_s: [Z]
param W_d: [H, Z],  b_d: [H], W_x: [X, H], b_x: [X]         # the decoder

h = tanh(W_e @ x + b_e)
mu = W_m @ h + b_m
log_var = W_s @ h + b_s

z = mu + exp(log_var / 2) ∘ eps

y = sigmoid(W_x @ tanh(W_d @ z + b_d) + b_x)

reconstruction = -sum(x ∘ log(y) + (1 - x) ∘ log(1 - y))
KL = -sum(1 + log_var - mu^2 - exp(log_var)) / 2
loss L = reconstruction + KL
