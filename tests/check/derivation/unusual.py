"""Correct derivations in unusual forms: other groupings, other association, names of one's own."""

from __future__ import annotations

from typing import NamedTuple

# What is added before batch normalisation has no effect, so that its derivative is 0: all that is
# left of it is rounding.
CANCELLED = """
dim N = 4, D = 3, X = 2
input X0: [N, X]
param W: [X, D], b: [1, D], gain: [1, D]
Z = X0 @ W + b
centred = Z - mean(Z, axis=0)
variance = mean(square(centred), axis=0)
Y = gain * centred / sqrt(variance + 1e-5)
given dL/dY
"""


class Correct(NamedTuple):
    """A derivation that is right, for a model of the examples or for a model's own text."""

    name: str
    model: str
    text: str


CORRECT = (
    Correct(
        "an MLP in six lines, with error signals of one's own",
        "mlp",
        """
        delta3 = dL/doutput
        delta2 = (delta3 @ W3) * (z5 > 0).T
        delta1 = (delta2 @ W2) * (z2 > 0).T
        dL/dW3 = z6 @ delta3
        dL/db3 = delta3
        dL/dW2 = z3 @ delta2
        dL/db2 = delta2
        dL/dW1 = x @ delta1
        dL/db1 = delta1
        dL/dx = delta1 @ W1
        """,
    ),
    Correct(
        "an MLP in denominator layout, associated the other way, masks named",
        "mlp",
        """
        layout denominator
        on1 = z2 > 0
        on2 = relu(z5) > 0
        dL/dx = W1.T @ (on1 * (W2.T @ (on2 * (W3.T @ dL/doutput))))
        dL/dW1 = (x @ (dL/dz3 * on1).T).T
        dL/db1 = on1 * dL/dz3
        dL/dW2 = outer(dL/dz6 * on2, z3)
        dL/dW3 = dL/doutput @ z6.T
        """,
    ),
    Correct(
        "masks as matrices: the Jacobian written out",
        "mlp",
        """
        dL/dz5 = dL/doutput @ W3 @ diag(z5 > 0)
        dL/dz2 = dL/dz5 @ W2 @ diag(z2 > 0)
        """,
    ),
    Correct(
        "an LSTM cell, all contributions to one derivative in one line",
        "lstm",
        """
        do = dL/dh_t * tanh(C_t).T * (o_t * (1 - o_t)).T
        dL/dC_t += dL/dh_t * o_t.T * (1 - tanh(C_t)^2).T
        di = dL/dC_t * C_tilde.T * (i_t * (1 - i_t)).T
        df = dL/dC_t * C_prev.T * (f_t * (1 - f_t)).T
        dc = dL/dC_t * i_t.T * (C_tilde * (1 - C_tilde)).T
        dL/dx = do @ W_ox + dc @ W_cx + di @ W_ix + df @ W_fx
        dL/dh_prev = do @ W_oh + dc @ W_ch + di @ W_ih + df @ W_fh
        dL/dC_prev = dL/dC_t * f_t.T + do @ W_oc + di @ W_ic + df @ W_fc
        dL/dW_ox = x @ do
        dL/dW_cx = x @ dc
        dL/dW_ix = x @ di
        dL/dW_fx = x @ df
        dL/db_f = df
        """,
    ),
    Correct(
        "an LSTM cell, contributions regrouped and in another order",
        "lstm",
        """
        dL/dC_t += dL/dz25 * (1 - z25) .T * (1 + z25).T
        dL/dx = dL/dz4 @ W_fx + dL/dz22 @ W_ox
        dL/dx += dL/dz10 @ W_ix
        dL/dx += dL/dz14 @ W_cx
        dL/dh_prev = dL/dz20 @ W_oh
        dL/dh_prev += dL/dz13 @ W_ch + dL/dz8 @ W_ih + dL/dz2 @ W_fh
        """,
    ),
    Correct(
        "the given derivative added by name",
        "lstm",
        """
        dL/dC_t = dL/dC_t + dL/dz25 * (1 - z25^2).T
        """,
    ),
    Correct(
        "everything set to 0 first, then += throughout",
        "mlp",
        """
        dL/dW3 = zeros(H2, K)
        dL/dW2 = 0
        dL/dW3 += z6 @ dL/doutput
        dL/dW2 += z3 @ dL/dz5
        """,
    ),
    Correct(
        "+= throughout, as the slides' cheap trick has it",
        "gru",
        """
        dL/dz14 += dL/dh
        dL/dz16 += dL/dh
        dL/dz15 += dL/dz16 * h_tilde.T
        dL/dh_tilde += dL/dz16 * z15.T
        dL/dz += -dL/dz15
        dL/dz += dL/dz14 * h_prev.T
        """,
    ),
    Correct(
        "softmax and cross-entropy together",
        "feedforward",
        """
        layout numerator
        dL/dz6 = (y - y_hat).T
        dL/dW3 = a2 @ (y - y_hat).T
        dL/da2 = (y - y_hat).T @ W3
        """,
    ),
    Correct(
        "the Jacobian of a softmax as a matrix",
        "feedforward",
        """
        J = diag(y) - y @ y.T
        dL/dz6 = dL/dy @ J
        """,
    ),
    Correct(
        "one contribution in two lines",
        "feedforward",
        """
        dL/dz6 = dL/dy * y.T
        dL/dz6 += -(dL/dy @ y) * y.T
        """,
    ),
    Correct(
        "batch normalisation in closed form",
        "batchnorm",
        """
        layout denominator
        g = dL/dY * gain
        dL/dX = (g - mean(g, axis=0) - X_hat * mean(g * X_hat, axis=0)) / sqrt(variance + eps)
        dL/dgain = sum(dL/dY * X_hat, axis=0)
        dL/dbias = ones(N).T @ dL/dY
        """,
    ),
    Correct(
        "layer normalisation in closed form, in numerator layout",
        "layernorm",
        """
        g = dL/dY * gain.T
        dL/dX = (g - mean(g, axis=0) - X_hat.T * mean(g * X_hat.T, axis=0)) / z4.T
        dL/dbias = dL/dY @ ones(N)
        """,
    ),
    Correct(
        "attention, the scale taken along",
        "attention",
        """
        layout denominator
        dA = dL/dO @ V.T
        dS = A * (dA - sum(A * dA, axis=1)) / sqrt(D)
        dL/dQ = dS @ K
        dL/dK = dS.T @ Q
        dL/dV = (dL/dO.T @ A).T
        dL/dX = dL/dQ @ W_Q.T + dL/dK @ W_K.T + dL/dV @ W_V.T
        dL/dW_Q = X.T @ dS @ K
        """,
    ),
    Correct(
        "a recurrent network: shared weights summed over time in one line",
        "rnn",
        """
        dL/dW_h = sum(h[t-1] @ dL/dz3[t] for t in 1..T)
        dL/dW_o = sum(h[t] @ (y[t] - y_hat[t]).T for t in 1..T)
        dL/dW_i = x[1] @ dL/dz1[1] + x[2] @ dL/dz1[2]
        dL/dW_i += x[3] @ dL/dz1[3]
        """,
    ),
    Correct(
        "a recurrent network, own names kept by step",
        "rnn",
        """
        d[3] = (y[3] - y_hat[3]).T @ W_o * (h[3] * (1 - h[3])).T
        d[2] = ((y[2] - y_hat[2]).T @ W_o + d[3] @ W_h) * (h[2] * (1 - h[2])).T
        d[1] = ((y[1] - y_hat[1]).T @ W_o + d[2] @ W_h) * (h[1] * (1 - h[1])).T
        dL/dz3[1] = d[1]
        dL/dh_start = d[1] @ W_h
        dL/dW_i = sum(x[t] @ d[t] for t in 1..T)
        """,
    ),
    Correct(
        "one own name, taken anew for every step",
        "rnn",
        """
        d = dL/dh[3] * (h[3] * (1 - h[3])).T
        dL/dW_h = h[2] @ d
        d = dL/dh[2] * (h[2] * (1 - h[2])).T
        dL/dW_h += h[1] @ d
        d = dL/dh[1] * (h[1] * (1 - h[1])).T
        dL/dW_h += h[0] @ d
        """,
    ),
    Correct(
        "an autoencoder: the sigmoid and the logarithms cancel",
        "vae",
        """
        dL/dz12 = (y - x).T
        dL/dlog_var = -0.5 + exp(log_var).T / 2 + dL/dz * (exp(log_var / 2) * eps).T / 2
        dL/dmu = dL/dz + mu.T
        """,
    ),
    Correct(
        "slices: whole windows added to what overlaps",
        "scanning_mlp",
        """
        dL/dX[:, 0:3] = dL/dz1[0] @ W1
        dL/dX[:, 3] = (dL/dz1[1] @ W1)[:, 2]
        dL/dX[:, 1:3] += (dL/dz1[1] @ W1)[:, 0:2]
        dL/dX[:, 4] = dL/dx[2][:, -1]
        dL/dX[:, 2:4] += dL/dx[2][:, :2]
        dL/dX[:, 5] = dL/dx[3][:, 2]
        dL/dX[:, 3:5] += dL/dx[3][:, 0:2]
        """,
    ),
    Correct(
        "slices: all of a derivative in one line",
        "scanning_mlp",
        """
        pad1 = zeros(1, 1)
        a = concat(dL/dx[0], zeros(1, 3), axis=1)
        b = concat(pad1, dL/dx[1], zeros(1, 2), axis=1)
        c = concat(zeros(1, 2), dL/dx[2], pad1, axis=1)
        d = concat(zeros(1, 3), dL/dx[3], axis=1)
        dL/dX[:, :] = (a + b + c + d)[:, 0:6]
        """,
    ),
    Correct(
        "polar coordinates, everything multiplied out",
        "polar",
        """
        dL/dr = 3 * r^2 * cos(θ)^2 * sin(θ)
        dL/dθ = r^3 * cos(θ) * (cos(θ)^2 - 2 * sin(θ)^2)
        """,
    ),
    Correct(
        "a path after the other",
        "graph",
        """
        dL/db = d
        dL/db += c
        dL/da = b + 1
        """,
    ),
    Correct(
        "a constant's derivative, which the tool does not compute",
        "simple_mlp",
        """
        dL/dx = dL/dout * (1 - out^2).T @ W1
        """,
    ),
    Correct(
        "a derivative of which only rounding is left",
        CANCELLED,
        """
        layout denominator
        g = dL/dY * gain
        X_hat = centred / sqrt(variance + 1e-5)
        dL/dZ = (g - mean(g, axis=0) - X_hat * mean(g * X_hat, axis=0)) / sqrt(variance + 1e-5)
        dZ = (N * g - sum(g, axis=0) - X_hat * sum(g * X_hat, axis=0)) / sqrt(variance + 1e-5) / N
        dL/db = sum(dZ, axis=0)
        dL/dW = X0.T @ dZ
        """,
    ),
)
