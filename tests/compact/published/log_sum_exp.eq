# Log-sum-exp.
dim N = 5
input x: [N]
loss L = logsumexp(x)
