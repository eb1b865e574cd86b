# The Kalman filter, and the likelihood of what was seen under its predictions.
# Kalman 1960, "A new approach to linear filtering and prediction problems"; Särkkä 2013, theorems 4.2 and 12.3.

dim T = 3, N = 2, M = 1

const y[1..T]: [M]
param A: [N, N], C: [M, N], Q: [N, N] ~ spd(), R: [M, M] ~ spd()

m[0] = zeros(N)
P[0] = eye(N)
for t in 1..T:
    m_pred = A @ m[t-1]
    P_pred = A @ P[t-1] @ A.T + Q
    S = C @ P_pred @ C.T + R
    v = y[t] - C @ m_pred
    gain = P_pred @ C.T @ inv(S)
    m[t] = m_pred + gain @ v
    P[t] = P_pred - gain @ S @ gain.T
    cost[t] = (logdet(S) + dot(v, solve(S, v)) + M * log(2 * pi)) / 2
loss L = sum(cost[t] for t in 1..T)
