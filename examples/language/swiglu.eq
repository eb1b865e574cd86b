# A gated feed-forward layer, SwiGLU, with the gate as a kernel that saves the sigmoid.
# Shazeer 2020, "GLU variants improve transformer", equation 6.

layout denominator
dim N = 3, D = 4, F = 5

input x: [N, D]
param W: [D, F], V: [D, F], W_2: [F, D]

op swiglu(a, b):
    s = sigmoid(a)
    save s
    return a * s * b
    dL/da = dL/dout * b * s * (1 + a * (1 - s))
    dL/db = dL/dout * a * s

y = swiglu(x @ W, x @ V) @ W_2
given dL/dy
