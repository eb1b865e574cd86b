"""`derive --saved`: what the backward pass needs of the forward one, and what of it to keep."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.evaluate import backward
from gradcli.request import Request
from gradcli.session import derive, parse_text
from gradcli.views.saved import saved

NAMES = ("lstm", "attention", "layernorm", "batchnorm", "simple_mlp", "rnn", "vae", "gru")
CHAIN = """
dim N = 8
input x: [N]
a = exp(x)
b = tanh(a)
c = exp(b)
d = tanh(c)
loss L = sum(d * b)
"""


def session(name: str) -> Any:
    text = (EXAMPLES / f"{name}.eq").read_text(encoding="utf-8")
    return derive(parse_text(f"{name}.eq", text), Request())


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["derive", *arguments])


@pytest.mark.parametrize("name", NAMES)
def test_the_backward_pass_needs_these_values_and_no_others(name: str) -> None:
    """With one of them nan, a gradient is nan; with all others nan none is."""
    found = session(name)
    needed = {value.name for value in saved(found).values}

    def gradients(lost: set[str]) -> list[Any]:
        values = {
            k: np.full(np.shape(v), np.nan) if k in lost else v for k, v in found.values.items()
        }
        with np.errstate(all="ignore"):
            return [
                np.asarray(v)
                for k, v in backward(found.derivation, values, found.given).totals.items()
                if k in found.derivation.wrt
            ]

    others = set(found.values) - needed
    for plain, without in zip(gradients(set()), gradients(others), strict=True):
        np.testing.assert_array_equal(plain, without)
    floats = {k for k in needed if np.asarray(found.values[k]).dtype.kind == "f"}
    for one in floats:
        assert any(np.isnan(value).any() for value in gradients({one})), one


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_kept_and_a_smaller_one_is_never_cheaper(name: str) -> None:
    found = session(name)
    whole = saved(found)
    assert whole.flops == 0
    before = 0
    for limit in (whole.bytes, whole.bytes // 2, whole.bytes // 4, 0):
        choice = saved(found, limit)
        assert choice.bytes <= limit
        if choice.cheapest:
            assert choice.flops >= before
        before = choice.flops


def test_the_cheapest_choice_is_the_cheapest_of_all() -> None:
    """Each value here is made by one operation on the one before; exp and tanh count alike."""
    found = derive(parse_text("chain.eq", CHAIN), Request())
    order = ["a", "b", "c", "d"]
    needed = [name for name in order if name in {v.name for v in saved(found).values}]
    size = 64
    for count in range(len(needed) + 1):
        choice = saved(found, count * size)
        flops = {name: found.program.steps[k].call.flops.value for k, name in enumerate(order)}
        prices = []
        for kept in combinations(needed, min(count, len(needed))):
            again: set[str] = set()
            for name in needed:
                for earlier in reversed(order[: order.index(name) + 1]):
                    if earlier in kept:
                        break
                    again.add(earlier)
            prices.append(sum(flops[name] for name in again))
        assert choice.cheapest
        assert choice.flops == min(prices)


def test_many_values_are_chosen_one_after_the_other() -> None:
    text = "dim T = 30\ninput x: [4]\nparam W: [4, 4]\nh[0] = x\nfor t in 1..T:\n    h[t] = tanh(W @ h[t-1])\nloss L = sum(h[T])\n"
    found = derive(parse_text("rnn.eq", text), Request())
    choice = saved(found, 320)
    assert not choice.cheapest
    assert 0 < choice.bytes <= 320
    assert choice.flops > 0


def test_it_is_told_in_a_table_in_json_and_in_markdown() -> None:
    path = str(EXAMPLES / "lstm.eq")
    table = run(path, "--saved", "--memory", "100").stdout
    assert "Saved for the backward pass" in table
    assert "the cheapest choice for 100 bytes" in table
    found = json.loads(run(path, "--saved", "--memory", "0.1K", "--cost", "--json").stdout)
    values = {value["name"]: value for value in found["saved"]["values"]}
    assert values["o_t"]["symbolic_bytes"] == "8*H"
    assert values["o_t"]["recompute"]["symbolic_flops"] == "2*H*X + 4*H^2 + H"
    assert values["x"]["input"]
    assert "recompute" not in values["x"]
    assert found["saved"]["limit"] == 102
    assert sum(v["bytes"] for v in values.values() if v["kept"] and not v["input"]) <= 102
    page = run(path, "--saved", "--cost", "--format", "markdown").stdout
    assert "## Saved for the backward pass" in page
    assert "## Cost" in page


def test_the_ratio_of_the_passes_is_told_as_the_sizes_go() -> None:
    """Why Z = X @ Y costs M³ backward and not M⁴: two products of the same three sizes."""
    text = "dim M = 3, P = 4, N = 5\ninput X: [M, P], Y: [P, N]\nZ = X @ Y\ngiven dL/dZ\n"
    found = CliRunner().invoke(app, ["derive", "-", "--cost", "--json"], input=text)
    cost = json.loads(found.stdout)["cost"]
    assert cost["forward"]["flops"] == 3 * 5 * (2 * 4 - 1)
    assert cost["backward"]["flops"] == 3 * 4 * (2 * 5 - 1) + 4 * 5 * (2 * 3 - 1)
    assert cost["ratio"]["flops"] == cost["backward"]["flops"] / cost["forward"]["flops"]
    assert cost["ratio"]["symbolic_flops"] == "(4*M*N*P - M*P - N*P)/(2*M*N*P - M*N)"
    assert cost["forward"]["symbolic_bytes"] == "8*M*N + 8*M*P + 8*N*P"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "1K"], "--saved"),
        (["--saved", "--memory", "much"], "no number of bytes"),
        (["--saved", "--memory", "-1"], "no number of bytes"),
        (["--saved", "--rolled"], "table, JSON or Markdown"),
        (["--saved", "--format", "latex"], "table, JSON or Markdown"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments: list[str], message: str) -> None:
    found = run(str(EXAMPLES / "lstm.eq"), *arguments)
    assert found.exit_code == 2
    assert message in " ".join(found.stderr.split())
