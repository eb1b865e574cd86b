# RMSNorm as a kernel: what the backward pass needs of the forward one is 1 / rms alone.
# Zhang & Sennrich 2019, "Root mean square layer normalization", equation 4.

layout denominator
dim N = 3, D = 4

input x: [N, D]
param w: [1, D]

op rmsnorm(x, w):
    rstd = 1 / sqrt(mean(square(x), axis=1) + 1e-5)
    save rstd
    return x * rstd * w
    xhat = x * rstd
    g = dL/dout * w
    dL/dx = rstd * (g - xhat * mean(g * xhat, axis=1))
    dL/dw = sum(dL/dout * xhat, axis=0)

y = rmsnorm(x, w)
given dL/dy
