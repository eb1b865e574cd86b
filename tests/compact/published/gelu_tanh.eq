# GELU by tanh (Hendrycks & Gimpel 2016).
dim N = 4
input x: [N]
const c = 0.7978845608, a = 0.044715
t = tanh(c * (x + a * x^3))
y = 0.5 * x * (1 + t)
given dL/dy
