"""The figures of benchmarks/check_figures.py, on a part of its cases."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gradcli.check.gradients.numeric import check
from gradcli.session import Request, run

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def figures():
    path = ROOT / "benchmarks" / "check_figures.py"
    spec = importlib.util.spec_from_file_location("check_figures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_false_alarm(figures):
    found = figures.false_alarms(96)
    assert found["fail"] == 0
    assert found["pass"] > 0.95 * 96


def test_no_mutant_passes(figures):
    found = figures.missed_mutants(300)
    assert found["mutants"] >= 300
    assert found["missed"] == 0
    assert found["  fail"] > 0.95 * found["mutants"]


@pytest.mark.parametrize("name", ["lstm", "scanning_mlp", "attention", "layernorm"])
def test_mistakes_in_derivations_are_caught(figures, name):
    base = run(str(ROOT / "examples" / f"{name}.eq"), Request())
    kinds = set()
    for kind, mutant in figures.derivation_mutants(base):
        gradients = mutant.backward.totals
        if all(
            np.allclose(gradients[n], base.backward.totals[n], rtol=1e-12, atol=0)
            for n in base.derivation.wrt
        ):
            continue
        kinds.add(kind)
        assert check(mutant).verdict == "fail", kind
    assert kinds


def test_no_failure_at_or_near_kinks(figures):
    found = figures.kinks(scales=[1.0])
    assert found["fail"] == 0
    assert found["pass"] > found["inconclusive"]


def test_bars_cover_the_truth(figures):
    found = figures.coverage(48)
    for key in ("finite differences", "complex step", "derivation"):
        assert found[key] >= 0.99 * found["entries"], key
