"""Normalisations along an axis: the shape stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import along_lists, exact
from gradcli.ops.coding import JAX, TORCH
from gradcli.ops.core import (
    Array,
    Op,
    Signature,
    roman,
)
from gradcli.ops.flops import reduced
from gradcli.ops.reduction_code import (
    along,
    in_torch,
)
from gradcli.ops.reductions import reduction, shifted


def _softmax(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
    power = np.exp(shifted(x, axes)[0])
    return np.asarray(power / np.sum(power, axis=axes, keepdims=True))


def _log_softmax(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
    rest, _ = shifted(x, axes)
    return np.asarray(rest - np.log(np.sum(np.exp(rest), axis=axes, keepdims=True)))


def total(s: Signature, x: Expr) -> Expr:
    return call("sum", x, axis=s.attrs["axis"])


def normalisation(
    name: str, forward: Callable[..., Array], vjp: Any, cite: str, about: str, **fields: Any
) -> Op:
    return reduction(
        name,
        forward,
        vjp,
        cite,
        about,
        roman(name) + r"{keywords}\left({0}\right)",
        shape=lambda s: s.shapes[0],
        keywords={"axis": 0},
        group="normalisations",
        **fields,
    )


normalisation(
    "softmax",
    _softmax,
    lambda s, g, y, x: ((g - total(s, g * y)) * y,),
    "the Jacobian diag(y) - y y^T (course slides, the deriv routine, softmax)",
    "e^x / Σ e^x",
    exact=exact.softmax,
    flops=reduced(function=1, spread=1),
    sums_to_one=lambda s: s.attrs["axis"],
    code={JAX: along("jax.nn.softmax({0}, AXES)", whole=True), TORCH: in_torch("softmax")},
    lists=along_lists.softmax,
)


normalisation(
    "log_softmax",
    _log_softmax,
    lambda s, g, y, x: (g - call("exp", y) * total(s, g),),
    "d (x - log Σ e^x) = dx - softmax(x) · Σ dx",
    "x - log Σ e^x",
    exact=lambda a, x, axes, scalar: x - a.log(a.total(a.exp(x), axes)),
    flops=reduced(function=1, rest=1, spread=1),
    code={JAX: along("jax.nn.log_softmax({0}, AXES)", whole=True), TORCH: in_torch("log_softmax")},
    lists=along_lists.log_softmax,
)
