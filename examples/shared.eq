# One variable at three places of the graph: y = x exp(x²), so dy/dx = exp(x²) + 2x² exp(x²).
# From the lecture slides on computational graphs ("parameter sharing").

input x = 0.5

u = x * x
v = exp(u)
loss y = x * v
