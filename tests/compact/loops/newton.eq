dim N = 5
input a = 2
x[0] = a
for n in 1..N:
    x[n] = 0.5 * (x[n-1] + a / x[n-1])
loss L = x[N]
