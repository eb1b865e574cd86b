# The chain rule through a change of coordinates: f(x, y) = x² y with x = r cos θ and y = r sin θ,
# so f = r³ cos²θ sin θ. r and θ each reach f on two paths.
# From the lecture notes "Differentiating functions" on reverse-mode differentiation.

input r = 2, θ = 0.5

x = r * cos(θ)
y = r * sin(θ)
loss f = x^2 * y
