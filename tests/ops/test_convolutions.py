"""Convolutions and pools beside PyTorch's own, where that is installed, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_close, messages, program, session, steps, value

DIMS = "dim N = 2, C = 4, F = 6, H = 7, W = 5\n"
X2, X1 = "input x: [N, C, H, W]\n", "input x: [N, C, H]\n"

CONVOLUTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "plain": ("conv2d", "[F, C, 3, 2]", {}),
    "strided": ("conv2d", "[F, C, 3, 3]", {"stride": 2, "pad": 1}),
    "a rest": ("conv2d", "[F, C, 2, 2]", {"stride": 3, "pad": 1}),
    "in groups": ("conv2d", "[F, C/2, 3, 3]", {"pad": 1, "groups": 2}),
    "each channel by itself": ("conv2d", "[2*C, 1, 3, 3]", {"groups": "C"}),
    "dilated": ("conv2d", "[F, C, 2, 2]", {"dilation": 2, "pad": 2}),
    "of one axis": ("conv1d", "[F, C, 3]", {"stride": 2, "pad": 1, "dilation": 2}),
    "transposed": ("conv_transpose2d", "[C, F, 3, 2]", {"stride": 2, "pad": 1}),
    "transposed with a rest": ("conv_transpose2d", "[C, F, 3, 3]", {"stride": 2, "extra": 1}),
    "transposed in groups": ("conv_transpose1d", "[C, F/2, 3]", {"stride": 3, "groups": 2}),
}
POOLS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "maxpool2d": ("max_pool2d", 2, {}),
    "maxpool2d with pad": ("max_pool2d", 3, {"stride": 2, "pad": 1}),
    "maxpool2d that overlaps": ("max_pool2d", 3, {"stride": 1}),
    "avgpool2d": ("avg_pool2d", 2, {}),
    "avgpool2d with pad": ("avg_pool2d", 3, {"stride": 2, "pad": 1}),
    "maxpool1d": ("max_pool1d", 3, {"stride": 2, "pad": 1}),
    "avgpool1d": ("avg_pool1d", 2, {"stride": 1}),
}
TORCHS = {"pad": "padding", "extra": "output_padding"}


def _keywords(options: dict[str, Any]) -> str:
    return "".join(f", {name}={n}" for name, n in options.items())


def _beside_torch(text: str, name: str, *operands: str, **options: Any) -> None:
    """A model's y, and its gradients, beside what autograd has of PyTorch's own function."""
    torch = pytest.importorskip("torch")
    found = session(text)
    arrays = {
        k: torch.tensor(found.values[k], requires_grad=True)
        for k in ("x", "w")
        if k in found.values
    }
    sizes = {"C": 4}
    own = {TORCHS.get(key, key): sizes.get(n, n) for key, n in options.items()}
    y = getattr(torch.nn.functional, name)(*arrays.values(), *operands, **own)
    y.backward(torch.tensor(found.given["y"]))
    assert_close(found.values["y"], y.detach().numpy(), 1e-12)
    for key, array in arrays.items():
        assert_close(found.backward.totals[key], array.grad.numpy(), 1e-12, key)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_is_pytorchs(case: str) -> None:
    name, shape, options = CONVOLUTIONS[case]
    x = X1 if "1d" in name else X2
    text = f"{DIMS}{x}param w: {shape}\ny = {name}(x, w{_keywords(options)})\ngiven dL/dy\n"
    _beside_torch(text, name, **options)


@pytest.mark.parametrize("case", POOLS)
def test_a_pool_is_pytorchs(case: str) -> None:
    name, window, options = POOLS[case]
    x = X1 if "1d" in name else X2
    text = f"{DIMS}{x}y = {name}(x, {window}{_keywords(options)})\ngiven dL/dy\n"
    _beside_torch(text, name, window, **options)


def test_unfold_is_pytorchs() -> None:
    text = f"{DIMS}{X2}y = unfold(x, [3, 2], stride=2, pad=1)\ngiven dL/dy\n"
    _beside_torch(text, "unfold", (3, 2), stride=2, pad=1)


def test_fold_is_pytorchs() -> None:
    text = "input x: [2, 12, 9]\ny = fold(x, [7, 6], [3, 2], stride=2)\ngiven dL/dy\n"
    _beside_torch(text, "fold", (7, 6), (3, 2), stride=2)


def test_a_convolution_by_hand() -> None:
    """Nothing is turned round, and what is left over behind the last window is in none."""
    x = "input v: [4] = [1, 2, 3, 4]\nx = v[None, None, :]\n"
    text = (
        x
        + "k = [1, 10]\ny = conv1d(x, k[None, None, :])\nz = conv1d(x, k[None, None, :], stride=3)"
    )
    assert value(text, "y") == [21, 32, 43]
    assert value(text, "z") == 21


def test_sizes_are_symbols() -> None:
    text = "dim N = 2, C = 3, H = 6, K = 3\ninput x: [N, C, H, H], w: [C, C, K, K]\n"
    same = program(text + "y = x + conv2d(x, w, pad=(K - 1)/2)")
    assert [size.text for size in same.shapes["y"]] == ["N", "C", "H", "H"]
    half = program(text + "y = maxpool2d(x, 2)")
    assert [size.text for size in half.shapes["y"]] == ["N", "C", "H/2", "H/2"]
    other = "param v: [C, C, 2, 2]\ny = x + conv2d(x, v)"
    assert "H = 6 is not H - 1 = 5" in messages(text + other)


def test_the_rules_are_convolutions() -> None:
    text = f"layout denominator\n{DIMS}{X2}param w: [F, C, 3, 3]\ny = conv2d(x, w, stride=2, pad=1)\ngiven dL/dy"
    assert steps(session(text).derivation) == [
        "dL/dx = conv_transpose2d(dL/dy, w, stride=2, pad=1)",
        "dL/dw = conv2d_weight(x, dL/dy, [3, 3], stride=2, pad=1)",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("conv2d(x, w, groups=3)", "x has C channels in 3 groups, but the kernel takes C"),
        ("conv2d(w, x)", "a window of 7 entries is longer than an axis of 3 with pad = 0"),
        ("conv1d(x, w)", "x is N×C×H×W, not [N, C, L]"),
        ("conv2d(x, w, stride=0)", "a stride is at least 1, not 0"),
        ("conv_transpose2d(x, v, stride=2, extra=2)", "extra is below stride = 2, not 2"),
        ("maxpool2d(x, 2, pad=2)", "pad is half of a window at most"),
        ("maxpool2d(x, 9)", "a window of 9 entries is longer than an axis of 7 with pad = 0"),
        ("pad(x, (1, 2, 3))", "how much comes in front and how much behind"),
    ],
)
def test_what_does_not_fit(line: str, message: str) -> None:
    text = f"{DIMS}{X2}param w: [F, C, 3, 3], v: [C, F, 3, 3]\ny = {line}\n"
    assert message in messages(text)


def test_pad_is_numpys() -> None:
    found = session("input x: [2, 3]\ny = pad(x, (1, 2), axis=1)\nz = pad(x, 1)\ngiven dL/dy")
    x = found.values["x"]
    np.testing.assert_array_equal(found.values["y"], np.pad(x, ((0, 0), (1, 2))))
    np.testing.assert_array_equal(found.values["z"], np.pad(x, 1))
