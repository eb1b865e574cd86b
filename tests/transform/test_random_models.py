"""What holds for every model, tried on random ones."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from hypothesis import given, settings
from random_models import DIMS, models
from support import assert_close, complex_step, session, texts

from gradcli.render.grad import lines
from gradcli.render.json_ import turn
from gradcli.session import Session
from gradcli.sizes import numbers
from gradcli.syntax import read, read_source
from gradcli.syntax.ast import BackwardLine


@given(models())
def test_every_gradient_is_right(text: str) -> None:
    found = session(text)
    for name in found.derivation.wrt:
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-9, f"dL/d{name}")


@given(models())
def test_always_equals_auto(text: str) -> None:
    auto, always = (session(text, accumulate=how) for how in ("auto", "always"))
    assert all(row.assign == "+=" for row in always.derivation.rows)
    for name in auto.derivation.wrt:
        assert_close(always.backward.totals[name], auto.backward.totals[name], 1e-12, name)


@given(models())
def test_the_first_is_set_and_the_others_added(text: str) -> None:
    """Region by region: `=` where nothing was reached, `+=` where all of it was."""
    found = session(text)
    reached: dict[str, Any] = {}
    for name in found.program.outputs():
        reached[name] = np.ones(numbers(found.program.shapes[name]), dtype=bool)
    for row in found.derivation.rows:
        shape = numbers(found.program.shapes[row.target])
        mask = reached.setdefault(row.target, np.zeros(shape, dtype=bool))
        region = tuple(part.slice() for part in row.region) if row.region else ...
        assert mask[region].all() if row.assign == "+=" else not mask[region].any()
        mask[region] = True


FEWER = settings(settings.default, max_examples=max(20, settings.default.max_examples // 3))


@FEWER
@given(models())
def test_the_layouts_are_transposes(text: str) -> None:
    """Each formula, read back in its own layout, has the value that the step has."""
    for layout in ("numerator", "denominator"):
        found = session(text, layout=layout)
        again = session(*read_back(found))
        for i, (row, value) in enumerate(
            zip(found.derivation.rows, found.backward.steps, strict=True)
        ):
            formula = found.derivation.formula(row)
            assert_close(again.values[f"row{i}"], turn(value, layout), 1e-11, formula)


def read_back(found: Session) -> tuple[str, dict[str, Any]]:
    """A model whose equations are the formulas of a derivation, and all their operands' values."""
    layout, shapes = found.derivation.layout, found.program.shapes
    reached = {row.target for row in found.derivation.rows} | set(found.program.outputs())
    declared, data = [], {}
    for name, value in found.values.items():
        declared.append(f"const {flat(name)}: [{', '.join(texts(shapes[name]))}]")
        data[flat(name)] = value
        if name in reached:
            turned = shapes[name][::-1] if layout == "numerator" else shapes[name]
            declared.append(f"const D_{flat(name)}: [{', '.join(texts(turned))}]")
            data[f"D_{flat(name)}"] = turn(found.backward.totals[name], layout)
    names = sorted(found.values, key=len, reverse=True)
    any_name = re.compile(r"(dL/d|(?<![\w.]))(" + "|".join(map(re.escape, names)) + r")(?![\w(])")
    equations = [
        f"row{i} = " + any_name.sub(lambda m: ("D_" if m[1] else "") + flat(m[2]), formula)
        for i, formula in enumerate(map(found.derivation.formula, found.derivation.rows))
    ]
    dims = ", ".join(f"{name} = {value}" for name, value in DIMS.items())
    return f"dim {dims}\n" + "\n".join([*declared, *equations]) + "\n", data


def flat(name: str) -> str:
    return re.sub(r"\W+", "_", name)


@FEWER
@given(models())
def test_the_derivation_file_parses(text: str) -> None:
    for layout in ("numerator", "denominator"):
        found = session(text, layout=layout)
        written = "".join(lines(found))
        parsed = read(read_source("mine.grad", written.encode()), "derivation")
        assert not parsed.errors
        rows = [line for line in parsed.statements if isinstance(line, BackwardLine)]
        assert [line.assign for line in rows] == [row.assign for row in found.derivation.rows]


@FEWER
@given(models())
def test_the_same_input_and_seed_give_the_same_values(text: str) -> None:
    one, two = (session(text, seed=1) for _ in range(2))
    for name, array in one.backward.totals.items():
        np.testing.assert_array_equal(array, two.backward.totals[name])
