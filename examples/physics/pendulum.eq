# A pendulum's steps by the leapfrog, and by how much its push and its length miss a target angle.
# Hairer, Lubich & Wanner 2003, "Geometric numerical integration illustrated by the Störmer-Verlet method", scheme 1.5.

dim T = 4

param push = 0.5, length = 1.2
const gravity = 9.81, dt = 0.05, target = 0.3

q[0] = 0
p[0] = push
for t in 1..T:
    half = p[t-1] - dt / 2 * gravity / length * sin(q[t-1])
    q[t] = q[t-1] + dt * half
    p[t] = half - dt / 2 * gravity / length * sin(q[t])
loss L = square(q[T] - target)
