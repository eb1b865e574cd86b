"""Models in which rounding is large: masks, sizes far apart, what cancels, what saturates."""

from __future__ import annotations

HOSTILE = {
    "masked attention": """
        dim T = 3, D = 2
        input Q: [T, D], K: [T, D], V: [T, D]
        const M = [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
        S = where(M > 0, Q @ K.T / sqrt(D), -1e9)
        A = softmax(S, axis=1)
        loss L = sum(square(A @ V)) + sum(A * S)
        """,
    "a mask that is added": """
        dim N = 4
        input x: [N], w: [N]
        const m = [0, 0, 1, 0]
        s = x + m * (-1e9)
        p = softmax(s)
        loss L = sum(p * w) + sum(p * s)
        """,
    "sizes far apart": """
        dim N = 3
        input x: [N] ~ normal(0, 1e12), w: [N] ~ normal(0, 1e-12)
        param W: [N, N] ~ normal(0, 1e-6)
        y = W @ x
        z = tanh(y * w)
        v = x * w
        loss L = sum(square(z)) + 1e-9 * sum(v * y) + 1e9 * sum(w)
        """,
    "entries far apart": """
        dim N = 4
        input x = [1e9, 1, 1e-9, -1e5]
        param w = [1e-9, 3, 1e9, 2]
        y = x * w
        z = y / (1 + square(y))
        n = norm(x)
        loss L = sum(z * x) + sum(square(w)) / n
        """,
    "what cancels": """
        dim N = 3
        input x: [N], w: [N]
        a = x + 1e8
        b = a - 1e8
        c = b * w
        d = (c + 1e6 * w) - 1e6 * w
        loss L = sum(square(d)) + 1e-8 * sum(x * w)
        """,
    "what saturates": """
        dim N = 4
        const t = [1, 0, 0, 0]
        input x = [20, 3, -5, 1]
        param g: [N] = [12, 9, -14, 30]
        s = sigmoid(g)
        p = softmax(x * s)
        loss L = -sum(t * log(p)) + sum(tanh(g) * x)
        """,
    "what is normalised away": """
        dim N = 4, D = 3, X = 2
        input X0: [N, X]
        param W: [X, D], b: [1, D], gain: [1, D]
        Z = X0 @ W + b
        c = Z - mean(Z, axis=0)
        v = mean(square(c), axis=0)
        Y = gain * c / sqrt(v + 1e-5)
        given dL/dY
        """,
}
