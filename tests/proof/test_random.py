"""A part of the identities and mistakes of benchmarks/proofs.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = ROOT / "benchmarks" / "proofs.py"
    spec = importlib.util.spec_from_file_location("proofs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_true_identity_is_refuted(bench: ModuleType) -> None:
    found = bench.identities(160, 0)

    assert found["refuted"] == 0
    assert found["proven"] >= 150


def test_no_mistake_is_called_right(bench: ModuleType) -> None:
    found = bench.mistakes(60, 0)

    assert found["RIGHT"] == found["RIGHT CALLED WRONG"] == 0
    assert found["wrong"] >= 58
    assert found["right"] > 60
