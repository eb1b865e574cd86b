# A scalar Kalman filter's one step.
input m, P ~ positive(), a, q ~ positive(), r ~ positive()
const y
mp = a * m
Pp = a^2 * P + q
e = y - mp
S = Pp + r
k = Pp / S
m2 = mp + k * e
P2 = (1 - k) * Pp
loss L = (e^2 / S + log(S)) / 2
