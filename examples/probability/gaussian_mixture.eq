# The likelihood of points under a mixture of Gaussians; its gradient holds the responsibilities of the EM algorithm.
# Bishop 2006, "Pattern recognition and machine learning", section 9.2.2.

dim N = 4, D = 2, K = 3

const x: [N, D]
param a: [1, K], mu: [K, D], log_s: [1, K]          # weights before the softmax, means, deviations

apart = sum(square(x), axis=1) - 2 * x @ mu.T + sum(square(mu), axis=1).T
density = -apart / (2 * exp(2 * log_s)) - D * log_s - D / 2 * log(2 * pi)
joint = log_softmax(a, axis=1) + density            # N×K
loss L = -sum(logsumexp(joint, axis=1))
