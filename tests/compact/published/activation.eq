# A made-up vector activation: y_i = cos(exp(x_i) Σx / Σ ln x). Every x_j reaches every y_i, through
# the sums a and b, and x_i reaches y_i directly as well: seven paths from x_1 to L.
# From the slides "Proof by Examples: Computing Derivatives Can be Trivial" (influence diagrams).

dim N = 3

input x: [N] ~ uniform(1.5, 2.5)    # above 1, so that b = Σ ln x stays away from 0

a = sum(x)
b = sum(log(x))
y = cos(exp(x) * a / b)

given dL/dy
