# Polar coordinates.
input x ~ uniform(0.5, 2), y ~ uniform(0.5, 2)
r = sqrt(x^2 + y^2)
θ = atan2(y, x)
given dL/dr, dL/dθ
