# Linear attention (Katharopoulos et al. 2020).
dim T = 4, D = 3
input Q: [T, D] ~ positive(), K: [T, D] ~ positive(), V: [T, D]
A = Q @ K.T
n = sum(A, axis=1)
O = A @ V / n
given dL/dO
