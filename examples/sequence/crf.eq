# A linear-chain conditional random field: the score of a path, less the logarithm of the sum over all paths.
# Lafferty, McCallum & Pereira 2001, "Conditional random fields", section 3.

dim T = 4, K = 3

input E: [T, K]                     # a score for each label at each place
param A: [K, K]                     # and for each label behind each other
index y: [T] in 0..K-1

path = sum(pick(E, y, axis=1)) + sum(pick(A[y[0:T-1]], y[1:T], axis=1))

a[1] = E[0, :].T
for t in 2..T:
    a[t] = logsumexp(A + a[t-1], axis=0).T + E[t-1, :].T
loss L = logsumexp(a[T]) - path
