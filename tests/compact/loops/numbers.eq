dim T = 4, H = 3
input x: [H]
param a[1..T]: [H]
s[0] = x
for t in 1..T:
    s[t] = s[t-1] / t + 0.5^t * a[t] * s[t-1]
loss L = sum(s[T]) / T
