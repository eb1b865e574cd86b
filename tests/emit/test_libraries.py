"""`gradcli emit --to torch` and `--to jax`: modules run beside the evaluator, where these are there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import cases
from emitting import EXAMPLES, Case, agree, case, load
from test_numpy import LOOPS, _looped, _many

from gradcli.errors import GradError
from gradcli.ops import TABLE, Op

os.environ.setdefault("JAX_PLATFORMS", "cpu")
TARGETS = ("torch", "jax")


def arrays(to: str, values: dict[str, Any]) -> dict[str, Any]:
    if to == "torch":
        torch = pytest.importorskip("torch")
        return {name: torch.as_tensor(value, dtype=torch.float64) for name, value in values.items()}
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return {name: jax.numpy.asarray(value) for name, value in values.items()}


def run(made: Case, to: str) -> None:
    module = load(made.text)
    outputs, saved = module["forward"](**arrays(to, made.inputs))
    gradients = module["backward"](saved, **arrays(to, made.given))
    agree({k: np.asarray(v) for k, v in outputs.items()}, made.outputs)
    agree({k: np.asarray(v) for k, v in gradients.items()}, made.gradients)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_computes_what_the_evaluator_does(path: Path, to: str) -> None:
    pytest.importorskip(to)
    run(case(path.read_text(encoding="utf-8"), str(path), to=to), to)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_computes_what_its_iterations_do(name: str, to: str) -> None:
    pytest.importorskip(to)
    run(case(LOOPS[name], to=to), to)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_of_the_table(op: Op, to: str) -> None:
    """Alone and in a loop; what a target lacks is refused in words."""
    pytest.importorskip(to)
    some = cases(op)
    for one in some[:: max(1, len(some) // 3)]:
        try:
            run(case(one.model, data=one.draw(1), to=to), to)
            if one.names:
                run(case(_looped(one), data=_many(one), to=to), to)
        except GradError as error:
            pytest.skip(str(error).splitlines()[0])
