"""Every model of `examples/`, once more: by hand in NumPy, to be differentiated by HIPS autograd.

A model here is a scalar function of a dictionary of arrays. What `given` names in the model file
stands here as the product of the upstream derivative and the result, summed over all entries: its
derivative is then what the tool's backward pass has to find. A vector is a column, N by 1.

Nothing is shared with the tool: neither code, nor the layout's transposition, nor a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

anp: Any = pytest.importorskip("autograd.numpy")

Array = Any  # an array of autograd's, or one of its boxes
Values = dict[str, Array]
Draw = Callable[[np.random.Generator], Array]


# ── where values come from ───────────────────────────────────────────────────────────


def normal(*shape: int) -> Draw:
    """Draw from the standard normal distribution; a single size is a column, none a scalar."""
    return lambda rng: rng.standard_normal(_matrix(shape))


def uniform(low: float, high: float, *shape: int) -> Draw:
    """Draw evenly between two bounds."""
    return lambda rng: rng.uniform(low, high, _matrix(shape))


def near(*literal: float) -> Draw:
    """Draw near the values that the model file states: a scalar, or a column."""
    centre = np.array(literal).reshape(_matrix((len(literal),) if len(literal) > 1 else ()))
    return lambda rng: centre + 0.1 * rng.standard_normal(centre.shape)


def _matrix(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, 1) if len(shape) == 1 else shape


# ── the models ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Model:
    """A model: its scalar objective, and how each of its quantities is drawn."""

    objective: Callable[[Values], Array]
    wanted: dict[str, Draw]  # the inputs and parameters
    known: dict[str, Draw]  # the constants and the given derivatives
    loss: str | None  # the name of the loss, where nothing is given


MODELS: dict[str, Model] = {}


def model(
    name: str,
    *,
    wanted: dict[str, Draw],
    known: dict[str, Draw] | None = None,
    loss: str | None = None,
) -> Callable[[Callable[[Values], Array]], Callable[[Values], Array]]:
    """Enter the decorated function as the oracle of `examples/NAME.eq`."""

    def enter(objective: Callable[[Values], Array]) -> Callable[[Values], Array]:
        MODELS[name] = Model(objective, wanted, known or {}, loss)
        return objective

    return enter


def sigmoid(x: Array) -> Array:
    return 1 / (1 + anp.exp(-x))


def relu(x: Array) -> Array:
    return x * (x > 0)


def softmax(x: Array, axis: int) -> Array:
    e = anp.exp(x - anp.max(x, axis=axis, keepdims=True))
    return e / anp.sum(e, axis=axis, keepdims=True)


def inner(upstream: Array, result: Array) -> Array:
    """Turn a given derivative into an objective that has it."""
    assert anp.shape(upstream) == anp.shape(result)
    return anp.sum(upstream * result)


LSTM_WEIGHTS = {
    "W_fc": normal(4, 4), "W_fh": normal(4, 4), "W_fx": normal(4, 3), "b_f": normal(4),
    "W_ic": normal(4, 4), "W_ih": normal(4, 4), "W_ix": normal(4, 3), "b_i": normal(4),
    "W_ch": normal(4, 4), "W_cx": normal(4, 3), "b_c": normal(4),
    "W_oc": normal(4, 4), "W_oh": normal(4, 4), "W_ox": normal(4, 3), "b_o": normal(4),
}  # fmt: skip


def lstm_cell(v: Values, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """Compute the next h and C of the slides' peephole LSTM."""
    forget = sigmoid(v["W_fc"] @ c + v["W_fh"] @ h + v["W_fx"] @ x + v["b_f"])
    write = sigmoid(v["W_ic"] @ c + v["W_ih"] @ h + v["W_ix"] @ x + v["b_i"])
    output = sigmoid(v["W_oc"] @ c + v["W_oh"] @ h + v["W_ox"] @ x + v["b_o"])
    candidate = sigmoid(v["W_ch"] @ h + v["W_cx"] @ x + v["b_c"])
    c_next = forget * c + write * candidate
    return output * anp.tanh(c_next), c_next


@model(
    "lstm",
    wanted={"x": normal(3), "h_prev": normal(4), "C_prev": normal(4), **LSTM_WEIGHTS},
    known={"dL/dh_t": normal(4), "dL/dC_t": normal(4)},
)
def lstm(v: Values) -> Array:
    h, c = lstm_cell(v, v["x"], v["h_prev"], v["C_prev"])
    return inner(v["dL/dh_t"], h) + inner(v["dL/dC_t"], c)


@model(
    "lstm_two_steps",
    wanted={
        "x[1]": normal(3), "x[2]": normal(3), "h_start": normal(4), "C_start": normal(4),
        **LSTM_WEIGHTS,
    },
    known={"dL/dh[1]": normal(4), "dL/dh[2]": normal(4), "dL/dC[2]": normal(4)},
)  # fmt: skip
def lstm_two_steps(v: Values) -> Array:
    h1, c1 = lstm_cell(v, v["x[1]"], v["h_start"], v["C_start"])
    h2, c2 = lstm_cell(v, v["x[2]"], h1, c1)
    return inner(v["dL/dh[1]"], h1) + inner(v["dL/dh[2]"], h2) + inner(v["dL/dC[2]"], c2)


MLP_WEIGHTS = {
    "W1": normal(5, 3), "b1": normal(5), "W2": normal(4, 5), "b2": normal(4),
    "W3": normal(2, 4), "b3": normal(2),
}  # fmt: skip


def two_hidden_layers(v: Values, x: Array) -> Array:
    first = relu(v["W1"] @ x + v["b1"])
    second = relu(v["W2"] @ first + v["b2"])
    return v["W3"] @ second + v["b3"]


@model("mlp", wanted={"x": normal(3), **MLP_WEIGHTS}, known={"dL/doutput": normal(2)})
def mlp(v: Values) -> Array:
    return inner(v["dL/doutput"], two_hidden_layers(v, v["x"]))


@model(
    "scanning_mlp",
    wanted={"X": normal(6, 1), **MLP_WEIGHTS},
    known={f"dL/dO[{t}]": normal(2) for t in range(4)},
)
def scanning_mlp(v: Values) -> Array:
    outputs = [two_hidden_layers(v, v["X"][t : t + 3]) for t in range(4)]
    return sum(inner(v[f"dL/dO[{t}]"], output) for t, output in enumerate(outputs))


@model(
    "simple_mlp",
    wanted={"W1": normal(4, 3), "b1": normal(4)},
    known={"x": normal(3), "dL/dout": normal(4)},
)
def simple_mlp(v: Values) -> Array:
    return inner(v["dL/dout"], anp.tanh(v["W1"] @ v["x"] + v["b1"]))


@model("graph", wanted={"a": near(3), "b": near(2)}, loss="e")
def graph(v: Values) -> Array:
    return (v["a"] + v["b"]) * (v["b"] + 1)


@model("shared", wanted={"x": near(0.5)}, loss="y")
def shared(v: Values) -> Array:
    return v["x"] * anp.exp(v["x"] ** 2)


@model("polar", wanted={"r": near(2), "θ": near(0.5)}, loss="f")
def polar(v: Values) -> Array:
    return v["r"] ** 3 * anp.cos(v["θ"]) ** 2 * anp.sin(v["θ"])


@model(
    "matmul",
    wanted={"X": normal(2, 3), "Y": normal(3, 4)},
    known={"Z_true": normal(2, 4)},
    loss="E",
)
def matmul(v: Values) -> Array:
    return anp.sum((v["X"] @ v["Y"] - v["Z_true"]) ** 2)


@model(
    "feedforward",
    wanted={
        "x": normal(3), "W1": normal(4, 3), "b1": normal(4), "W2": normal(4, 4), "b2": normal(4),
        "W3": normal(3, 4), "b3": normal(3),
    },
    known={"y_hat": uniform(0, 1, 3)},
    loss="C",
)  # fmt: skip
def feedforward(v: Values) -> Array:
    first = sigmoid(v["W1"] @ v["x"] + v["b1"])
    second = sigmoid(v["W2"] @ first + v["b2"])
    return -anp.sum(v["y_hat"] * anp.log(softmax(v["W3"] @ second + v["b3"], axis=0)))


@model(
    "rnn",
    wanted={
        "x[1]": normal(2), "x[2]": normal(2), "x[3]": normal(2), "h_start": normal(4),
        "W_i": normal(4, 2), "W_h": normal(4, 4), "W_o": normal(3, 4),
    },
    known={f"y_hat[{t}]": uniform(0, 1, 3) for t in (1, 2, 3)},
    loss="C_total",
)  # fmt: skip
def rnn(v: Values) -> Array:
    h, cost = v["h_start"], 0.0
    for t in (1, 2, 3):
        h = sigmoid(v["W_i"] @ v[f"x[{t}]"] + v["W_h"] @ h)
        cost = cost - anp.sum(v[f"y_hat[{t}]"] * anp.log(softmax(v["W_o"] @ h, axis=0)))
    return cost


@model("activation", wanted={"x": uniform(1.5, 2.5, 3)}, known={"dL/dy": normal(3)})
def activation(v: Values) -> Array:
    x = v["x"]
    return inner(v["dL/dy"], anp.cos(anp.exp(x) * anp.sum(x) / anp.log(anp.prod(x))))


@model(
    "raytracer",
    wanted={
        "centre": near(0.25, 0, 6), "radius": near(2), "colour": near(0.9, 0.6, 0.2),
        "light": near(3, 4, 0),
    },
    known={"photo": uniform(0, 1, 12, 3)},
    loss="L",
)  # fmt: skip
def raytracer(v: Values) -> Array:
    """Trace one ray at a time, with an `if` for what the model file does with a mask."""
    centre, light, colour, radius = (v[k] for k in ("centre", "light", "colour", "radius"))
    error = 0.0
    for row, y in enumerate((1.0, 0.0, -1.0)):
        for column, x in enumerate((-1.5, -0.5, 0.5, 1.5)):
            ray = np.array([[x], [y], [4.0]])
            ray = ray / np.sqrt(x * x + y * y + 16.0)
            b = -2 * anp.sum(ray * centre)
            c = anp.sum(centre**2) - radius**2
            shade = 0.0
            if b**2 - 4 * c > 0:
                point = (-b - anp.sqrt(b**2 - 4 * c)) / 2 * ray
                normal_there = (point - centre) / radius
                to_light = light - point
                cosine = anp.sum(normal_there * to_light) / anp.sqrt(anp.sum(to_light**2))
                if cosine > 0:
                    shade = cosine
            error = error + anp.sum((shade * colour[:, 0] - v["photo"][4 * row + column]) ** 2)
    return error


@model(
    "gru",
    wanted={
        "x": normal(3), "h_prev": normal(4),
        "W_r": normal(4, 3), "U_r": normal(4, 4), "b_r": normal(4),
        "W_z": normal(4, 3), "U_z": normal(4, 4), "b_z": normal(4),
        "W_h": normal(4, 3), "U_h": normal(4, 4), "b_h": normal(4),
    },
    known={"dL/dh": normal(4)},
)  # fmt: skip
def gru(v: Values) -> Array:
    x, h = v["x"], v["h_prev"]
    reset = sigmoid(v["W_r"] @ x + v["U_r"] @ h + v["b_r"])
    keep = sigmoid(v["W_z"] @ x + v["U_z"] @ h + v["b_z"])
    candidate = anp.tanh(v["W_h"] @ x + v["U_h"] @ (reset * h) + v["b_h"])
    return inner(v["dL/dh"], candidate + keep * (h - candidate))


@model(
    "attention",
    wanted={"X": normal(3, 4), "W_Q": normal(4, 2), "W_K": normal(4, 2), "W_V": normal(4, 2)},
    known={"dL/dO": normal(3, 2)},
)
def attention(v: Values) -> Array:
    queries, keys, values = (v["X"] @ v[w] for w in ("W_Q", "W_K", "W_V"))
    rows = [softmax(keys @ queries[n] / anp.sqrt(2.0), axis=0) @ values for n in range(3)]
    return inner(v["dL/dO"], anp.stack(rows))


def normalised(v: Values, axis: int) -> Array:
    x = v["X"]
    spread = anp.sqrt(anp.var(x, axis=axis, keepdims=True) + 1e-5)
    return (x - anp.mean(x, axis=axis, keepdims=True)) / spread * v["gain"] + v["bias"]


@model(
    "layernorm",
    wanted={"X": normal(3, 4), "gain": normal(1, 4), "bias": normal(1, 4)},
    known={"dL/dY": normal(3, 4)},
)
def layernorm(v: Values) -> Array:
    return inner(v["dL/dY"], normalised(v, axis=1))


@model(
    "batchnorm",
    wanted={"X": normal(4, 3), "gain": normal(1, 3), "bias": normal(1, 3)},
    known={"dL/dY": normal(4, 3)},
)
def batchnorm(v: Values) -> Array:
    return inner(v["dL/dY"], normalised(v, axis=0))


@model(
    "vae",
    wanted={
        "W_e": normal(3, 4), "b_e": normal(3), "W_m": normal(2, 3), "b_m": normal(2),
        "W_s": normal(2, 3), "b_s": normal(2), "W_d": normal(3, 2), "b_d": normal(3),
        "W_x": normal(4, 3), "b_x": normal(4),
    },
    known={"x": uniform(0, 1, 4), "eps": normal(2)},
    loss="L",
)  # fmt: skip
def vae(v: Values) -> Array:
    x = v["x"]
    h = anp.tanh(v["W_e"] @ x + v["b_e"])
    mu, log_var = v["W_m"] @ h + v["b_m"], v["W_s"] @ h + v["b_s"]
    z = mu + anp.sqrt(anp.exp(log_var)) * v["eps"]
    logits = v["W_x"] @ anp.tanh(v["W_d"] @ z + v["b_d"]) + v["b_x"]
    reconstruction = anp.sum(anp.log(1 + anp.exp(logits)) - x * logits)
    return reconstruction + 0.5 * anp.sum(mu**2 + anp.exp(log_var) - 1 - log_var)
