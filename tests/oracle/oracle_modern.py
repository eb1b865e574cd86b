"""The models in the folders of `examples/`, once more by hand: of vision, language and sequences.

A label is a whole number; what `stop` holds is taken out of autograd's boxes.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from oracle_models import (
    Array,
    Draw,
    Values,
    anp,
    inner,
    model,
    near,
    normal,
    relu,
    sigmoid,
    softmax,
    uniform,
)


def whole(below: int, *shape: int) -> Draw:
    """Draw whole numbers from 0 on; a single size is a column."""
    shaped = (*shape, 1) if len(shape) == 1 else shape
    return lambda rng: rng.integers(0, below, shaped).astype(float)


def fixed(*literal: Any) -> Draw:
    """What the model file states, a column."""
    return lambda rng: np.array(literal, dtype=float).reshape(-1, 1)


def numbers(x: Array) -> Any:
    return np.asarray(x).astype(int).reshape(-1)


def log_softmax(x: Array, axis: int) -> Array:
    return anp.log(softmax(x, axis))


def softplus(x: Array) -> Array:
    return anp.log(1 + anp.exp(x))


def chosen(x: Array, labels: Any) -> Array:
    """One entry of each row."""
    return anp.stack([x[i, k] for i, k in enumerate(numbers(labels))])


# ── vision ──


@model(
    "softmax_classifier",
    wanted={"W": normal(5, 3)},
    known={"X": normal(4, 5), "y": whole(3, 4)},
    loss="L",
)
def softmax_classifier(v: Values) -> Array:
    scores = v["X"] @ v["W"]
    losses = [anp.log(anp.sum(anp.exp(s))) - s[k] for s, k in zip(scores, numbers(v["y"]))]  # noqa: B905
    return sum(losses) / 4 + 0.1 * anp.sum(v["W"] ** 2)


@model(
    "svm_classifier",
    wanted={"W": normal(5, 3)},
    known={"X": normal(4, 5), "y": whole(3, 4)},
    loss="L",
)
def svm_classifier(v: Values) -> Array:
    """The loops of the assignment's svm_loss_naive."""
    loss = 0.0
    for i, right in enumerate(numbers(v["y"])):
        scores = v["X"][i] @ v["W"]
        for j in range(3):
            margin = scores[j] - scores[right] + 1
            if j != right and margin > 0:
                loss = loss + margin
    return loss / 4 + 0.1 * anp.sum(v["W"] ** 2)


@model(
    "radiance_field",
    wanted={"raw": normal(5), "colour": normal(5, 3)},
    known={"delta": uniform(0.1, 0.5, 5), "pixel": uniform(0, 1, 1, 3)},
    loss="L",
)
def radiance_field(v: Values) -> Array:
    seen, optical = 0.0, 0.0
    for i in range(5):
        own = softplus(v["raw"][i, 0]) * v["delta"][i, 0]
        weight = anp.exp(-optical) * (1 - anp.exp(-own))
        seen = seen + weight * sigmoid(v["colour"][i])
        optical = optical + own
    return anp.sum((seen - v["pixel"][0]) ** 2)


@model(
    "contrastive",
    wanted={"W_i": normal(4, 2), "W_t": normal(5, 2), "t": near(0.5)},
    known={"images": normal(3, 4), "texts": normal(3, 5)},
    loss="L",
)
def contrastive(v: Values) -> Array:
    pictures, texts = v["images"] @ v["W_i"], v["texts"] @ v["W_t"]
    pictures = pictures / anp.sqrt(anp.sum(pictures**2, axis=1, keepdims=True))
    texts = texts / anp.sqrt(anp.sum(texts**2, axis=1, keepdims=True))
    logits = anp.exp(v["t"]) * (pictures @ texts.T)
    both = [logits, logits.T]
    return sum(
        -anp.mean(anp.stack([anp.log(softmax(l[i], 0))[i] for i in range(3)])) / 2
        for l in both  # noqa: E741
    )


@model(
    "conv_relu_pool",
    wanted={"w": normal(2, 2, 3, 3), "b": normal(1, 2, 1, 1), "V": normal(8, 2)},
    known={"X": normal(2, 2, 4, 4), "y": whole(2, 2)},
    loss="L",
)
def conv_relu_pool(v: Values) -> Array:
    """The assignment's conv_forward_naive and max_pool_forward_naive: a loop over each place."""
    padded = np.pad(v["X"], ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows = []
    for x in padded:
        left = []
        for w, b in zip(v["w"], v["b"][0, :, 0, 0], strict=True):
            at = {
                (i, j): relu(anp.sum(x[:, i : i + 3, j : j + 3] * w) + b)
                for i, j in np.ndindex(4, 4)
            }
            for i, j in np.ndindex(2, 2):
                window = [at[2 * i + k, 2 * j + l] for k, l in np.ndindex(2, 2)]  # noqa: E741
                left.append(anp.max(anp.stack(window)))
        rows.append(anp.stack(left))
    return -anp.mean(chosen(log_softmax(anp.stack(rows) @ v["V"], 1), v["y"]))


# ── language ──


@model(
    "makemore",
    wanted={
        "C": normal(4, 2), "W1": normal(4, 3), "b1": normal(1, 3), "W2": normal(3, 4),
        "b2": normal(1, 4), "bngain": normal(1, 3), "bnbias": normal(1, 3),
    },
    known={"Xb": whole(4, 3, 2), "Yb": whole(4, 3)},
    loss="L",
)  # fmt: skip
def makemore(v: Values) -> Array:
    rows = [anp.concatenate([v["C"][k] for k in np.asarray(x).astype(int)]) for x in v["Xb"]]
    h = anp.stack(rows) @ v["W1"] + v["b1"]
    spread = anp.sqrt(anp.var(h, axis=0, ddof=1) + 1e-5)
    h = anp.tanh(v["bngain"] * (h - anp.mean(h, axis=0)) / spread + v["bnbias"])
    return -anp.mean(chosen(log_softmax(h @ v["W2"] + v["b2"], 1), v["Yb"]))


@model(
    "word2vec",
    wanted={"W": normal(6, 3), "U": normal(6, 3)},
    known={"word": whole(6, 4), "around": whole(6, 4), "drawn": whole(6, 4, 2)},
    loss="L",
)
def word2vec(v: Values) -> Array:
    total = 0.0
    for n in range(4):
        word = v["W"][int(v["word"][n, 0])]
        total = total + anp.log(sigmoid(word @ v["U"][int(v["around"][n, 0])]))
        for k in range(2):
            total = total + anp.log(sigmoid(-(word @ v["U"][int(v["drawn"][n, k])])))
    return -total / 4


@model(
    "preference",
    wanted={"W": normal(4, 5)},
    known={"better": normal(3, 4), "worse": normal(3, 4), "y_w": whole(5, 3), "y_l": whole(5, 3)},
    loss="L",
)
def preference(v: Values) -> Array:
    def likely(states: Array, answer: Array) -> Array:
        return anp.sum(chosen(log_softmax(states @ v["W"], 1), answer))

    gain = likely(v["better"], v["y_w"]) + 4.2 - likely(v["worse"], v["y_l"]) - 3.9
    return anp.log(1 + anp.exp(-0.5 * gain))


@model("rmsnorm", wanted={"x": normal(3, 4), "w": normal(1, 4)}, known={"dL/dy": normal(3, 4)})
def rmsnorm(v: Values) -> Array:
    rows = [x / anp.sqrt(x @ x / 4 + 1e-5) * v["w"][0] for x in v["x"]]
    return inner(v["dL/dy"], anp.stack(rows))


@model(
    "swiglu",
    wanted={"x": normal(3, 4), "W": normal(4, 5), "V": normal(4, 5), "W_2": normal(5, 4)},
    known={"dL/dy": normal(3, 4)},
)
def swiglu(v: Values) -> Array:
    a = v["x"] @ v["W"]
    return inner(v["dL/dy"], (a / (1 + anp.exp(-a)) * (v["x"] @ v["V"])) @ v["W_2"])


@model(
    "rope",
    wanted={"Q": normal(4, 4), "K": normal(4, 4)},
    known={"angle": uniform(0, 3, 4, 2), "dL/dscores": normal(4, 4)},
)
def rope(v: Values) -> Array:
    """With a rotation matrix for each place."""

    def turned(x: Array, t: int) -> Array:
        turn = np.zeros((4, 4))
        for i, angle in enumerate(v["angle"][t]):
            turn[i, i] = turn[i + 2, i + 2] = np.cos(angle)
            turn[i + 2, i], turn[i, i + 2] = np.sin(angle), -np.sin(angle)
        return turn @ x

    queries = anp.stack([turned(v["Q"][t], t) for t in range(4)])
    keys = anp.stack([turned(v["K"][t], t) for t in range(4)])
    return inner(v["dL/dscores"], queries @ keys.T)


@model(
    "flash_attention",
    wanted={"Q": normal(4, 3), "K": normal(4, 3), "V": normal(4, 3)},
    known={"dL/dO": normal(4, 3)},
)
def flash_attention(v: Values) -> Array:
    weights = softmax(v["Q"] @ v["K"].T / anp.sqrt(3.0), axis=1)
    return inner(v["dL/dO"], weights @ v["V"])


@model(
    "transformer_block",
    wanted={
        "X": normal(3, 2), "W_q": normal(2, 2), "W_k": normal(2, 2), "W_v": normal(2, 2),
        "W_o": normal(2, 2), "W_1": normal(2, 3), "W_2": normal(3, 2),
        "g_1": normal(1, 2), "g_2": normal(1, 2),
    },
    known={"dL/dy": normal(3, 2)},
)  # fmt: skip
def transformer_block(v: Values) -> Array:
    def normed(x: Array, gain: Array) -> Array:
        spread = anp.sqrt(anp.var(x, axis=1, keepdims=True) + 1e-5)
        return (x - anp.mean(x, axis=1, keepdims=True)) / spread * gain

    a = normed(v["X"], v["g_1"])
    rows = []
    for t in range(3):  # each place sees itself and those before
        weights = softmax((a[: t + 1] @ v["W_k"]) @ (a[t] @ v["W_q"]) / anp.sqrt(2.0), axis=0)
        rows.append(weights @ (a[: t + 1] @ v["W_v"]))
    h = v["X"] + anp.stack(rows) @ v["W_o"]
    z = normed(h, v["g_2"]) @ v["W_1"]
    return inner(v["dL/dy"], h + relu(z) @ v["W_2"])


# ── sequences ──


@model(
    "ctc",
    wanted={"logits": normal(4, 3)},
    known={"label": fixed(0, 1, 0, 2, 0)},
    loss="L",
)
def ctc(v: Values) -> Array:
    """Over all paths of four labels: those that are 1 2 without repetitions and blanks."""
    p = softmax(v["logits"], axis=1)
    total = 0.0
    for path in np.ndindex(3, 3, 3, 3):
        short = [k for i, k in enumerate(path) if i == 0 or k != path[i - 1]]
        if [k for k in short if k] == [1, 2]:
            term = 1.0
            for t, k in enumerate(path):
                term = term * p[t, k]
            total = total + term
    return -anp.log(total)


@model("crf", wanted={"E": normal(4, 3), "A": normal(3, 3)}, known={"y": whole(3, 4)}, loss="L")
def crf(v: Values) -> Array:
    """Over all paths."""

    def score(path: Any) -> Array:
        steps = itertools.pairwise(path)
        return sum(v["E"][t, k] for t, k in enumerate(path)) + sum(v["A"][i, j] for i, j in steps)

    every = sum(anp.exp(score(path)) for path in np.ndindex(3, 3, 3, 3))
    return anp.log(every) - score(tuple(numbers(v["y"])))


def definite(*shape: int) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        x = rng.standard_normal(shape)
        return x @ x.T + np.eye(shape[0])

    return draw


@model(
    "kalman",
    wanted={"A": normal(2, 2), "C": normal(1, 2), "Q": definite(2, 2), "R": definite(1, 1)},
    known={f"y[{t}]": normal(1) for t in (1, 2, 3)},
    loss="L",
)
def kalman(v: Values) -> Array:
    """All that is seen is one normal variable of three entries: its covariance, written out."""
    a, c, zero = v["A"], v["C"], np.zeros((2, 2))
    states = [np.eye(2)]
    for _ in range(3):
        states.append(a @ states[-1] @ a.T + v["Q"])
    blocks: list[list[Array]] = [[zero] * 3 for _ in range(3)]
    for i in range(3):
        power = np.eye(2)
        for j in range(i, 3):
            blocks[j][i] = c @ power @ states[i + 1] @ c.T
            blocks[i][j] = blocks[j][i].T
            power = a @ power
    whole_covariance = anp.concatenate([anp.concatenate(row, axis=1) for row in blocks], axis=0)
    s = whole_covariance + v["R"] * np.eye(3)
    y = np.concatenate([v[f"y[{t}]"] for t in (1, 2, 3)])
    fit = anp.sum(y * (anp.linalg.inv(s) @ y))
    return (anp.log(anp.linalg.det(s)) + fit + 3 * np.log(2 * np.pi)) / 2


@model(
    "mamba",
    wanted={
        "x": normal(4, 3), "A_log": normal(3, 2), "W_B": normal(3, 2), "W_C": normal(3, 2),
        "W_d": normal(3, 3), "b_d": normal(1, 3), "skip": normal(1, 3),
    },
    known={"dL/dy": normal(4, 3)},
)  # fmt: skip
def mamba(v: Values) -> Array:
    state, rows = np.zeros((3, 2)), []
    for x in v["x"]:
        delta = softplus(x @ v["W_d"] + v["b_d"][0])
        decay = anp.exp(-delta[:, None] * anp.exp(v["A_log"]))
        state = decay * state + (delta * x)[:, None] * (x @ v["W_B"])[None, :]
        rows.append(state @ (x @ v["W_C"]) + x * v["skip"][0])
    return inner(v["dL/dy"], anp.stack(rows))
