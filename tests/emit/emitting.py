"""Emitted modules at work beside the evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from support import assert_close

from gradcli.emit.command import emit
from gradcli.nests.reading import split
from gradcli.request import Request
from gradcli.session import derive as derived
from gradcli.session import parse_text

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.eq"))


class Case(NamedTuple):
    """A module with what it is called with, and what must come of it."""

    text: str
    inputs: dict[str, Any]
    given: dict[str, Any]
    outputs: dict[str, Any]
    gradients: dict[str, Any]
    notes: tuple[str, ...]


def case(text: str, name: str = "model.eq", to: str = "numpy", **options: Any) -> Case:
    """A model's module, and the evaluator's values in the shapes that the module has them in."""
    data = options.pop("data", None)
    dims = options.pop("dims", {})
    plain = options.pop("plain", False)
    request = Request(layout="denominator", data=data, dims=dims, **options)
    session = derived(parse_text(name, text), request)
    found = emit(parse_text(name, text), request, to, plain)
    given = families(session.given)
    outputs = {k: v for k, v in session.values.items() if k in session.program.outputs()}
    wanted = {k: v for k, v in session.backward.totals.items() if k in session.derivation.wrt}
    return Case(
        found.text,
        families(session.inputs),
        {f"d{k}": v for k, v in given.items()},
        families(outputs),
        families(wanted),
        found.notes,
    )


def families(values: Mapping[str, Any]) -> dict[str, Any]:
    """The members of each family as one array, from the first index to the last."""
    members: dict[str, list[tuple[tuple[int, ...], Any]]] = {}
    for name, value in values.items():
        base, index = split(name)
        members.setdefault(base, []).append((index, np.asarray(value, dtype=float)))
    found = {}
    for base, some in members.items():
        if not some[0][0]:
            found[base] = some[0][1]
            continue
        places = np.array([index for index, _ in some])
        low = places.min(axis=0)
        whole = np.zeros((*(places.max(axis=0) - low + 1), *some[0][1].shape))
        for place, (_, value) in zip(places, some, strict=True):
            whole[tuple(place - low)] = value
        found[base] = whole
    return found


def load(text: str) -> dict[str, Any]:
    """What a module defines."""
    scope: dict[str, Any] = {}
    exec(compile(text, "emitted.py", "exec"), scope)
    return scope


def agree(found: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterable[str] = ()) -> None:
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert np.shape(found[name]) == value.shape, name
        assert_close(np.asarray(found[name]), value, 1e-12, name)


def run(made: Case) -> None:
    """Run a module and compare all that comes of it with the evaluator's."""
    module = load(made.text)
    outputs, saved = module["forward"](**made.inputs)
    gradients = module["backward"](saved, **made.given)
    agree(outputs, made.outputs)
    agree(gradients, made.gradients)
