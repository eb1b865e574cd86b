"""The models in the folders of `examples/`, once more by hand: of probability, graphs, learning."""

from __future__ import annotations

from typing import Any

import autograd
import numpy as np
from autograd.tracer import getval
from oracle_models import Array, Values, anp, inner, model, near, normal, relu, softmax, uniform
from oracle_modern import chosen, fixed, log_softmax, numbers, softplus, whole


def held(x: Array) -> Any:
    """A value through which no gradient flows."""
    while x is not (inside := getval(x)):
        x = inside
    return np.asarray(x)


# ── probability ──


@model(
    "vqvae",
    wanted={"W_e": normal(4, 2), "W_d": normal(2, 4), "codes": normal(5, 2)},
    known={"x": normal(3, 4)},
    loss="L",
)
def vqvae(v: Values) -> Array:
    z = v["x"] @ v["W_e"]
    apart = np.sum((held(z)[:, None, :] - held(v["codes"])[None]) ** 2, axis=2)
    e = anp.stack([v["codes"][int(k)] for k in np.argmin(apart, axis=1)])
    error = (z + (held(e) - held(z))) @ v["W_d"] - v["x"]
    commitment = anp.mean((z - held(e)) ** 2)
    return anp.mean(error**2) + anp.mean((held(z) - e) ** 2) + 0.25 * commitment


@model(
    "straight_through",
    wanted={"W": normal(3, 4)},
    known={"x": normal(4), "y": normal(3)},
    loss="L",
)
def straight_through(v: Values) -> Array:
    inside = np.abs(held(v["W"])) <= 1
    rounded = 0.5 * np.round(np.clip(held(v["W"]) / 0.5, -2, 2))
    passed = rounded + inside * (v["W"] - held(v["W"]))
    return anp.sum((passed @ v["x"] - v["y"]) ** 2)


@model(
    "coupling_flow",
    wanted={
        "W_1": normal(2, 4), "S_1": normal(4, 2), "T_1": normal(4, 2),
        "W_2": normal(2, 4), "S_2": normal(4, 2), "T_2": normal(4, 2),
    },
    known={"x[1]": normal(3, 2), "x[2]": normal(3, 2)},
    loss="L",
)  # fmt: skip
def coupling_flow(v: Values) -> Array:
    """The determinant is that of the whole Jacobian of each point."""

    def flow(point: Array) -> Array:
        one, two = point[:2], point[2:]
        h = anp.tanh(one @ v["W_1"])
        two = two * anp.exp(anp.tanh(h @ v["S_1"])) + h @ v["T_1"]
        k = anp.tanh(two @ v["W_2"])
        one = one * anp.exp(anp.tanh(k @ v["S_2"])) + k @ v["T_2"]
        return anp.concatenate([one, two])

    total = 0.0
    for point in np.concatenate([v["x[1]"], v["x[2]"]], axis=1):
        volume = anp.log(anp.abs(anp.linalg.det(autograd.jacobian(flow)(point))))
        total = total + volume - anp.sum(flow(point) ** 2) / 2 - 2 * np.log(2 * np.pi)
    return -total / 3


@model(
    "gaussian_mixture",
    wanted={"a": normal(1, 3), "mu": normal(3, 2), "log_s": normal(1, 3)},
    known={"x": normal(4, 2)},
    loss="L",
)
def gaussian_mixture(v: Values) -> Array:
    share, total = softmax(v["a"], axis=1), 0.0
    for x in v["x"]:
        density = 0.0
        for k in range(3):
            variance = anp.exp(v["log_s"][0, k]) ** 2
            bell = anp.exp(-anp.sum((x - v["mu"][k]) ** 2) / (2 * variance))
            density = density + share[0, k] * bell / (2 * np.pi * variance)
        total = total + anp.log(density)
    return -total


@model(
    "gaussian_process",
    wanted={"log_length": near(0.1), "log_height": near(0.2), "log_noise": near(-1)},
    known={"x": uniform(0, 3, 4), "y": normal(4)},
    loss="cost",
)
def gaussian_process(v: Values) -> Array:
    """By the determinant and the inverse, with no factor."""
    apart = v["x"] - v["x"].T
    k = anp.exp(2 * v["log_height"]) * anp.exp(-(apart**2) / (2 * anp.exp(2 * v["log_length"])))
    k = k + anp.exp(2 * v["log_noise"]) * np.eye(4)
    fit = anp.sum(v["y"] * (anp.linalg.inv(k) @ v["y"]))
    return (fit + anp.log(anp.linalg.det(k)) + 4 * np.log(2 * np.pi)) / 2


# ── graphs ──


@model(
    "graph_convolution",
    wanted={"W_0": normal(3, 4), "W_1": normal(4, 2)},
    known={
        "X": normal(4, 3), "y": whole(2, 4),
        "src": fixed(0, 1, 1, 2, 2, 3), "dst": fixed(1, 0, 2, 1, 3, 2),
    },
    loss="L",
)  # fmt: skip
def graph_convolution(v: Values) -> Array:
    """With the whole adjacency matrix, D^-1/2 (A + I) D^-1/2."""
    adjacent = np.eye(4)
    for i, j in zip(numbers(v["src"]), numbers(v["dst"]), strict=True):
        adjacent[j, i] += 1
    root = np.sqrt(adjacent.sum(axis=1, keepdims=True))
    spread = adjacent / root / root.T
    h = relu(spread @ v["X"] @ v["W_0"])
    return -anp.mean(chosen(log_softmax(spread @ h @ v["W_1"], 1), v["y"]))


@model(
    "graph_attention",
    wanted={"X": normal(4, 3), "W": normal(3, 2), "a_from": normal(2), "a_to": normal(2)},
    known={
        "src": fixed(0, 1, 1, 2, 2, 3, 3), "dst": fixed(1, 0, 2, 1, 3, 2, 3),
        "dL/dy": normal(4, 2),
    },
)  # fmt: skip
def graph_attention(v: Values) -> Array:
    h, rows = v["X"] @ v["W"], []
    edges = list(zip(numbers(v["src"]), numbers(v["dst"]), strict=True))
    for node in range(4):
        sources = [i for i, j in edges if j == node]
        scores = anp.stack([h[i] @ v["a_from"][:, 0] + h[node] @ v["a_to"][:, 0] for i in sources])
        weights = softmax(anp.where(scores > 0, scores, 0.2 * scores), axis=0)
        total = sum(w * h[i] for w, i in zip(weights, sources, strict=True))
        rows.append(anp.where(total > 0, total, anp.exp(total) - 1))
    return inner(v["dL/dy"], anp.stack(rows))


# ── physics ──


@model(
    "oscillator",
    wanted={"x": uniform(0, 1, 1, 4), "W": normal(3, 1), "b": normal(3), "a": normal(1, 3)},
    loss="L",
)
def oscillator(v: Values) -> Array:
    def u(x: Array) -> Array:
        return anp.sum(v["a"] @ anp.tanh(v["W"] * x + v["b"]))

    slope = autograd.grad(u)
    bend = autograd.grad(slope)
    residual = sum((bend(x) + 4 * u(x)) ** 2 for x in v["x"][0]) / 4
    return residual + (u(0.0) - 1) ** 2 + slope(0.0) ** 2


@model("pendulum", wanted={"push": near(0.5), "length": near(1.2)}, loss="L")
def pendulum(v: Values) -> Array:
    q, p = 0.0, v["push"]
    pull = 9.81 / v["length"]
    for _ in range(4):
        p = p - 0.025 * pull * anp.sin(q)
        q = q + 0.05 * p
        p = p - 0.025 * pull * anp.sin(q)
    return (q - 0.3) ** 2


# ── learning ──


@model(
    "maml",
    wanted={"W": normal(2, 3), "v": normal(3)},
    known={"x": normal(3, 2), "y": normal(3), "x_new": normal(3, 2), "y_new": normal(3)},
    loss="L",
)
def maml(v: Values) -> Array:
    def error(weights: Any, x: Array, y: Array) -> Array:
        return anp.mean((anp.tanh(x @ weights[0]) @ weights[1] - y) ** 2)

    weights = (v["W"], v["v"])
    slopes = autograd.grad(error)(weights, v["x"], v["y"])
    after = [w - 0.1 * slope for w, slope in zip(weights, slopes, strict=True)]
    return error(after, v["x_new"], v["y_new"])


@model(
    "ppo",
    wanted={"W": normal(3, 2)},
    known={
        "states": normal(4, 3), "gains": normal(4), "logp_old": uniform(-1.2, -0.3, 4),
        "done": whole(2, 4),
    },
    loss="L",
)  # fmt: skip
def ppo(v: Values) -> Array:
    p = softmax(v["states"] @ v["W"], axis=1)
    total = 0.0
    for n, k in enumerate(numbers(v["done"])):
        ratio, gain = p[n, k] / np.exp(v["logp_old"][n, 0]), v["gains"][n, 0]
        beyond = ratio > 1.2 if gain > 0 else ratio < 0.8
        total = total + (gain * (1.2 if gain > 0 else 0.8) if beyond else gain * ratio)
    return -total / 4 + 0.01 * anp.sum(p * anp.log(p)) / 4


@model(
    "gradient_penalty",
    wanted={"W": normal(4, 3), "v": normal(3)},
    known={"real": normal(3, 4), "made": normal(3, 4), "share": uniform(0, 1, 3)},
    loss="L",
)
def gradient_penalty(v: Values) -> Array:
    def critic(x: Array) -> Array:
        return anp.sum(softplus(x @ v["W"]) @ v["v"])

    total = (critic(v["made"]) - critic(v["real"])) / 3
    for real, made, share in zip(v["real"], v["made"], v["share"], strict=True):
        slope = autograd.grad(critic)(share * real + (1 - share) * made)
        total = total + 10 * (anp.sqrt(anp.sum(slope**2)) - 1) ** 2 / 3
    return total


@model(
    "lora",
    wanted={"A": normal(4, 2), "B": normal(2, 5)},
    known={"X": normal(3, 4), "W": normal(4, 5), "Y": normal(3, 5)},
    loss="L",
)
def lora(v: Values) -> Array:
    return anp.mean((v["X"] @ (v["W"] + 2 * (v["A"] @ v["B"])) - v["Y"]) ** 2)
