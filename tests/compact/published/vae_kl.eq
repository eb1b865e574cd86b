# The KL term of a VAE.
dim Z = 3
input mu: [Z], log_var: [Z]
loss KL = -0.5 * sum(1 + log_var - mu^2 - exp(log_var))
