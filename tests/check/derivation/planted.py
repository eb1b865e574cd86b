"""Planted mistakes: what a line is, what it is turned into, and the class that must be found."""

from __future__ import annotations

from typing import NamedTuple

# Where every size is the same, a transposed or swapped factor leaves each shape as it is.
SQUARE = """
dim N = 3
input x: [N], S: [N, N]
param A: [N, N], B: [N, N], C: [N, N]
P = A @ S @ B
q = tanh(P @ x)
R = softmax(P * C, axis=1)
loss L = sum(square(q)) + sum(R @ S * C) / N
"""

NUMERATOR, DENOMINATOR = "numerator", "denominator"


class Planted(NamedTuple):
    """A mistake in what `derive --format grad` prints: one line replaced (by nothing: left out).

    wrong: the target of the line that must be found, where that is another line than the new one.
    """

    model: str
    layout: str
    old: str
    new: str
    kind: str
    wrong: str = ""


LISTED = (
    # `=` and `+=`
    Planted("lstm", NUMERATOR, "dL/dC_t += dL/dz25 * (1 - z25^2).T", "dL/dC_t = dL/dz25 * (1 - z25^2).T", "missing-accumulate"),
    Planted("lstm", NUMERATOR, "dL/dx += dL/dz10 @ W_ix", "dL/dx = dL/dz10 @ W_ix", "missing-accumulate"),
    Planted("lstm", DENOMINATOR, "dL/dC_prev += W_ic.T @ dL/dz7", "", "missing-accumulate", "dL/dC_prev += W_fc.T @ dL/dz1"),
    Planted("lstm", NUMERATOR, "dL/dC_prev += dL/dz1 @ W_fc", "", "missing-accumulate", "dL/dC_prev += dL/dz7 @ W_ic"),
    Planted("lstm", NUMERATOR, "dL/dh_prev = dL/dz20 @ W_oh", "", "missing-accumulate", "dL/dh_prev += dL/dz2 @ W_fh"),
    Planted("rnn", NUMERATOR, "dL/dW_h += h[1] @ dL/dz2[2]", "dL/dW_h = h[1] @ dL/dz2[2]", "missing-accumulate"),
    Planted("rnn", DENOMINATOR, "dL/dh[1] += W_o.T @ dL/dz4[1]", "", "missing-accumulate", "dL/dh[1] = W_h.T @ dL/dz2[2]"),
    Planted("vae", NUMERATOR, "dL/dy += dL/dz13 / y.T", "dL/dy = dL/dz13 / y.T", "missing-accumulate"),
    Planted("scanning_mlp", NUMERATOR, "dL/dX[:, 3:5] += dL/dx[2][:, 1:3]", "dL/dX[:, 3:5] = dL/dx[2][:, 1:3]", "missing-accumulate"),
    Planted("mlp", NUMERATOR, "dL/dx = dL/dz1 @ W1", "dL/dx += dL/dz1 @ W1", "nothing-to-accumulate"),
    Planted("gru", DENOMINATOR, "dL/dz += dL/dz14 * h_prev", "dL/dz += dL/dz14 * h_prev\ndL/dz += dL/dz14 * h_prev", "counted-twice"),
    # transposes, in square models too
    Planted("lstm", NUMERATOR, "dL/dz25 = dL/dh_t * o_t.T", "dL/dz25 = dL/dh_t * o_t", "transpose"),
    Planted("lstm", NUMERATOR, "dL/dh_prev += dL/dz13 @ W_ch", "dL/dh_prev += dL/dz13 @ W_ch.T", "transpose"),
    Planted("lstm", DENOMINATOR, "dL/dC_prev = W_oc.T @ dL/dz19", "dL/dC_prev = W_oc @ dL/dz19", "transpose"),
    Planted("lstm", DENOMINATOR, "dL/dW_ox = dL/dz22 @ x.T", "dL/dW_ox = dL/dz22.T @ x.T", "transpose"),
    Planted("attention", NUMERATOR, "dL/dK = dL/dz1.T", "dL/dK = dL/dz1", "transpose"),
    Planted("matmul", DENOMINATOR, "dL/dY = X.T @ dL/dZ", "dL/dY = X @ dL/dZ", "transpose"),
    Planted(SQUARE, NUMERATOR, "dL/dS += dL/dz1 @ A", "dL/dS += dL/dz1 @ A.T", "transpose"),
    Planted(SQUARE, DENOMINATOR, "dL/dz1 = dL/dP @ B.T", "dL/dz1 = dL/dP @ B", "transpose"),
    Planted(SQUARE, NUMERATOR, "dL/dA = S @ dL/dz1", "dL/dA = (S @ dL/dz1).T", "transpose"),
    # the order of operands
    Planted("mlp", NUMERATOR, "dL/dW2 = z3 @ dL/dz4", "dL/dW2 = dL/dz4 @ z3", "operand-order"),
    Planted("lstm", NUMERATOR, "dL/dh_prev = dL/dz20 @ W_oh", "dL/dh_prev = W_oh @ dL/dz20", "operand-order"),
    Planted("rnn", DENOMINATOR, "dL/dW_i += dL/dz1[2] @ x[2].T", "dL/dW_i += x[2].T @ dL/dz1[2]", "operand-order"),
    Planted(SQUARE, NUMERATOR, "dL/dB = dL/dP @ z1", "dL/dB = z1 @ dL/dP", "operand-order"),
    Planted(SQUARE, DENOMINATOR, "dL/dS += A.T @ dL/dz1", "dL/dS += dL/dz1 @ A.T", "operand-order"),
    # missing factors
    Planted("lstm", NUMERATOR, "dL/dC_t += dL/dz25 * (1 - z25^2).T", "dL/dC_t += dL/dz25", "missing-factor"),
    Planted("lstm", DENOMINATOR, "dL/dz24 = dL/do_t * o_t * (1 - o_t)", "dL/dz24 = dL/do_t * o_t", "missing-factor"),
    Planted("lstm", NUMERATOR, "dL/dC_prev += dL/dz17 * f_t.T", "dL/dC_prev += dL/dz17", "missing-factor"),
    Planted("mlp", DENOMINATOR, "dL/dz5 = dL/dz6 * (z5 > 0)", "dL/dz5 = dL/dz6", "missing-factor"),
    Planted("batchnorm", NUMERATOR, "dL/dX_hat = dL/dz5 * gain.T", "dL/dX_hat = dL/dz5", "missing-factor"),
    Planted("polar", NUMERATOR, "dL/dx = dL/dz3 * 2 * x", "dL/dx = dL/dz3 * 2", "missing-factor"),
    Planted("gru", NUMERATOR, "dL/dz13 = dL/dh_tilde * (1 - h_tilde^2).T", "dL/dz13 = dL/dh_tilde * (1 - h_tilde).T", "missing-factor"),
    Planted("feedforward", DENOMINATOR, "dL/da2 = W3.T @ dL/dz5", "dL/da2 = W3.T @ y_hat", "wrong-operand"),
    # operands
    Planted("mlp", NUMERATOR, "dL/dz2 = dL/dz3 * (z2 > 0).T", "dL/dz2 = dL/dz3 * (z5 > 0).T", "wrong-operand"),
    Planted("lstm", NUMERATOR, "dL/dC_t += dL/dz25 * (1 - z25^2).T", "dL/dC_t += dL/dz25 * (1 - C_t^2).T", "wrong-operand"),
    Planted("lstm", DENOMINATOR, "dL/dC_prev += dL/dz17 * f_t", "dL/dC_prev += dL/dz17 * i_t", "wrong-operand"),
    Planted("rnn", NUMERATOR, "dL/dW_h += h[1] @ dL/dz2[2]", "dL/dW_h += h[2] @ dL/dz2[2]", "wrong-operand"),
    Planted("scanning_mlp", DENOMINATOR, "dL/db3 += dL/dO[1]", "dL/db3 += dL/dO[2]", "wrong-operand"),
    Planted("vae", NUMERATOR, "dL/dz7 = dL/dz", "dL/dz7 = dL/dz8", "wrong-operand"),
    Planted("attention", DENOMINATOR, "dL/dX += dL/dK @ W_K.T", "dL/dX += dL/dK @ W_Q.T", "wrong-operand"),
    # signs
    Planted("gru", NUMERATOR, "dL/dz = -dL/dz15", "dL/dz = dL/dz15", "sign"),
    Planted("batchnorm", DENOMINATOR, "dL/dz4 = sum(-dL/dX_hat * centred / z4^2, axis=0)", "dL/dz4 = sum(dL/dX_hat * centred / z4^2, axis=0)", "sign"),
    Planted("lstm", NUMERATOR, "dL/dz16 = dL/dC_tilde * C_tilde.T * (1 - C_tilde).T", "dL/dz16 = dL/dC_tilde * C_tilde.T * (1 + C_tilde).T", "sign"),
    Planted("activation", NUMERATOR, "dL/dz4 = -dL/dy * sin(z4).T", "dL/dz4 = dL/dy * sin(z4).T", "sign"),
    # numbers
    Planted("matmul", DENOMINATOR, "dL/dz1 = dL/dz2 * 2 * z1", "dL/dz1 = dL/dz2 * z1", "scale"),
    Planted("batchnorm", NUMERATOR, "dL/dz2 = broadcast(dL/dvariance, [D, N]) / N", "dL/dz2 = broadcast(dL/dvariance, [D, N])", "scale"),
    Planted("layernorm", NUMERATOR, "dL/dX += broadcast(dL/dz1, [D, N]) / D", "dL/dX += broadcast(dL/dz1, [D, N]) / N", "scale"),
    Planted("attention", NUMERATOR, "dL/dz2 = dL/dz3 / sqrt(D)", "dL/dz2 = dL/dz3 / D", "scale"),
    Planted("layernorm", DENOMINATOR, "dL/dz3 = dL/dz4 / (2 * z4)", "dL/dz3 = dL/dz4 / z4", "scale"),
    Planted("vae", DENOMINATOR, "dL/dz27 = dL/dKL / 2", "dL/dz27 = dL/dKL * 2", "scale"),
    # the softmax
    Planted("feedforward", NUMERATOR, "dL/dz6 = (dL/dy - sum(dL/dy * y.T, axis=1)) * y.T", "dL/dz6 = dL/dy * y.T * (1 - y).T", "softmax-diagonal"),
    Planted("rnn", DENOMINATOR, "dL/dz4[2] = (dL/dy[2] - sum(dL/dy[2] * y[2], axis=0)) * y[2]", "dL/dz4[2] = dL/dy[2] * (y[2] - y[2]^2)", "softmax-diagonal"),
    Planted("attention", DENOMINATOR, "dL/dz3 = (dL/dA - sum(dL/dA * A, axis=1)) * A", "dL/dz3 = dL/dA * A * (1 - A)", "softmax-diagonal"),
    Planted("feedforward", NUMERATOR, "dL/dz6 = (dL/dy - sum(dL/dy * y.T, axis=1)) * y.T", "dL/dz6 = dL/dy @ diag(y * (1 - y))", "softmax-diagonal"),
    Planted("attention", NUMERATOR, "dL/dz3 = (dL/dA - sum(dL/dA * A.T, axis=0)) * A.T", "dL/dz3 = dL/dA * A.T", "softmax-diagonal"),
    # sums and shapes
    Planted("batchnorm", NUMERATOR, "dL/dbias = sum(dL/dY, axis=1)", "dL/dbias = dL/dY", "missing-sum"),
    Planted("layernorm", DENOMINATOR, "dL/dgain = sum(dL/dz5 * X_hat, axis=0)", "dL/dgain = dL/dz5 * X_hat", "missing-sum"),
    Planted("activation", NUMERATOR, "dL/da = sum(dL/dz3 * z2.T)", "dL/da = dL/dz3 * z2.T", "missing-sum"),
    Planted("raytracer", NUMERATOR, "dL/dz3 = sum(-dL/dz4)", "dL/dz3 = -dL/dz4", "missing-sum"),
    Planted("batchnorm", NUMERATOR, "dL/dgain = sum(dL/dz5 * X_hat.T, axis=1)", "dL/dgain = sum(dL/dz5 * X_hat.T, axis=0)", "shape"),
    Planted("feedforward", NUMERATOR, "dL/dz8 = broadcast(dL/dz9, [1, K])", "dL/dz8 = dL/dz9", "shape"),
)  # fmt: skip


class Written(NamedTuple):
    """A derivation in a person's own form with one mistake: in the line that ends in `# here`."""

    name: str
    model: str
    text: str
    kind: str


WRITTEN = (
    Written(
        "an activation's derivative forgotten in a skipped step",
        "mlp",
        """
        dL/dz5 = dL/doutput @ W3 * (z5 > 0).T
        dL/dW2 = z3 @ dL/dz5
        dL/dW1 = x @ (dL/dz5 @ W2)                      # here
        """,
        "missing-factor",
    ),
    Written(
        "a mistake in an own name, used three times",
        "mlp",
        """
        delta = dL/doutput @ W3 * (z2 > 0).T            # here
        dL/dW2 = z3 @ delta
        dL/db2 = delta
        dL/dz3 = delta @ W2
        """,
        "wrong-operand",
    ),
    Written(
        "an own name whose shapes do not fit",
        "mlp",
        """
        delta = W3 @ dL/doutput                         # here
        dL/dz6 = delta
        dL/dz5 = delta * (z5 > 0).T
        """,
        "operand-order",
    ),
    Written(
        "a right own name, wrongly used",
        "mlp",
        """
        delta = dL/doutput @ W3 * (z5 > 0).T
        dL/db2 = delta
        dL/dW2 = delta @ z3                             # here
        """,
        "operand-order",
    ),
    Written(
        "denominator layout's formula in a numerator file",
        "lstm",
        """
        layout numerator
        dL/do_t = dL/dh_t * z25.T
        dL/dz25 = dL/dh_t * o_t.T
        dL/dh_prev = W_oh.T @ dL/dz20 + dL/dz13 @ W_ch + dL/dz8 @ W_ih + dL/dz2 @ W_fh   # here
        """,
        "operand-order",
    ),
    Written(
        "a term's sign in a sum of four",
        "lstm",
        """
        dL/dx = dL/dz22 @ W_ox + dL/dz14 @ W_cx - dL/dz10 @ W_ix + dL/dz4 @ W_fx   # here
        """,
        "sign",
    ),
    Written(
        "a sum of four with a term left out",
        "lstm",
        """
        dL/dx = dL/dz22 @ W_ox + dL/dz14 @ W_cx + dL/dz4 @ W_fx   # here
        """,
        "missing-accumulate",
    ),
    Written(
        "batch normalisation in closed form without its 1/N",
        "batchnorm",
        """
        layout denominator
        g = dL/dY * gain
        dL/dX = (g - sum(g, axis=0) - X_hat * mean(g * X_hat, axis=0)) / z4   # here
        """,
        "scale",
    ),
    Written(
        "softmax and cross-entropy the wrong way round",
        "feedforward",
        """
        dL/dz6 = (y_hat - y).T                          # here
        dL/dW3 = a2 @ dL/dz6
        """,
        "sign",
    ),
    Written(
        "softmax and cross-entropy as a column in numerator layout",
        "feedforward",
        """
        layout numerator
        dL/dz6 = y - y_hat                              # here
        """,
        "transpose",
    ),
    Written(
        "time shifted by one in a sum over steps",
        "rnn",
        """
        d[3] = dL/dz3[3]
        dL/dW_h = h[2] @ d[3] + h[2] @ dL/dz3[2] + h[0] @ dL/dz3[1]   # here
        """,
        "wrong-operand",
    ),
    Written(
        "the power rule without its factor: one of the two contributions of x * x",
        "shared",
        """
        dL/dx = exp(x^2) + x * exp(x^2) * x             # here
        """,
        "missing-accumulate",
    ),
)
