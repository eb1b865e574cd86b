"""Each operation's rule is proven against the exact derivative of its forward function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cases import Case, cases
from support import EXAMPLES, session

from gradcli.ops import TABLE
from gradcli.ops.core import Op
from gradcli.proof.elementary import OtherPrime
from gradcli.proof.evaluation import Evaluation
from gradcli.proof.exponents import MorePoints
from gradcli.proof.gradients import prove_gradients
from gradcli.proof.restricted import restricted
from gradcli.proof.verdict import LOG_BOUND, PROVEN, REFUTED, UNDECIDED, Proof
from gradcli.session import Request, Session, run
from gradcli.transform.reverse import derive

MOST = 3  # cases of one operation
SMOOTH = [op for op in TABLE.values() if op.differentiable]
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))


def proofs(found: Session, fixed: set[str]) -> dict[str, Proof]:
    derivation = derive(found.program, tuple(item.name for item in found.program.inputs))
    near = {item.name: found.values[item.name] for item in found.program.inputs}
    return prove_gradients(derivation, near, found.given, fixed)


def of_case(case: Case) -> dict[str, Proof]:
    masks = {
        f"x{i}" for i, x in enumerate(case.operands) if isinstance(x, tuple) and not case.flows(i)
    }
    return proofs(session(case.model, case.draw(0), layout="denominator"), masks)


def of_operation(op: Op) -> dict[str, Proof]:
    every = [case for case in cases(op) if "×K×" not in str(case)]  # 24 entries take long
    every = every or list(cases(op))[:1]  # of a convolution all have as many
    chosen = every[:: max(1, len(every) // MOST)]
    return {f"{case}: {name}": p for case in chosen for name, p in of_case(case).items()}


@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
def test_the_rule_is_proven(op: Op) -> None:
    found = of_operation(op)

    assert found
    for case, proof in found.items():
        if case.startswith("pow(0.0,"):
            assert proof.verdict == UNDECIDED  # the logarithm of 0
            continue
        if op.exact is None:
            assert proof.verdict == UNDECIDED, (case, proof)
            assert "has no exact form" in proof.reason
            continue
        assert proof.verdict == PROVEN, (case, proof)
        assert proof.bound is not None
        assert proof.bound <= LOG_BOUND


@pytest.mark.parametrize(
    "name", ["mul", "div", "matmul", "tanh", "softmax", "sum", "index", "sqrt"]
)
def test_a_rule_that_is_off_is_refuted(name: str) -> None:
    op = TABLE[name]
    rule: Callable[..., object] = op.vjp
    off = replace(op, vjp=lambda *a: [r and r * (1 + 1e-9) for r in rule(*a)])
    case = next(case for case in cases(op) if "N" in str(case))

    object.__setattr__(op, "vjp", off.vjp)
    try:
        found = of_case(case)
    finally:
        object.__setattr__(op, "vjp", rule)

    assert REFUTED in {proof.verdict for proof in found.values()}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "raytracer"])
def test_every_gradient_of_an_example_is_proven(name: str) -> None:
    found = run(str(EXAMPLES / f"{name}.eq"), Request())

    every = proofs(found, restricted(found.program, ()))

    assert {proof.verdict for proof in every.values()} == {PROVEN}, every


def test_roots_beside_many_exponentials() -> None:
    found = session("input x: [12], p: [3] ~ uniform(1, 2)\nloss L = sum(exp(x)) * sum(sqrt(p))\n")
    assert {proof.verdict for proof in proofs(found, set()).values()} == {PROVEN}


MIXED = """
dim N = 3
input x: [N], A: [N, N]
param W: [N, N], b: [N]
y = tanh(W @ x + b)
E = expm(A)
C = cholesky(E @ E.T + eye(N))
loss L = sum(solve_triangular(C, y))
"""


def test_a_root_of_what_has_no_exact_form_leaves_all_else_proven() -> None:
    """The roots exist at some points, and the matrices of the others are no matter."""
    found = proofs(session(MIXED), set())
    assert {name for name, proof in found.items() if proof.verdict == PROVEN} == {"x", "W", "b"}
    assert found["A"].reason == "expm has no exact form"


def test_the_roots_of_norms_beside_exponentials_are_found() -> None:
    found = proofs(run(str(EXAMPLES / "vision" / "contrastive.eq"), Request()), set())
    assert all(found[name].verdict == PROVEN for name in ("W_i", "W_t", "t"))


def test_another_prime_is_taken_while_the_points_are_counted_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A root may lack modulo one prime whatever is being done with it."""
    faults: list[type[Exception]] = [MorePoints, OtherPrime]

    def failing(method: str) -> None:
        usual = getattr(Evaluation, method)

        def tried(self: Evaluation, *arguments: Any) -> Any:
            if faults and faults[0] is (MorePoints if method == "_evaluate" else OtherPrime):
                raise faults.pop(0)
            return usual(self, *arguments)

        monkeypatch.setattr(Evaluation, method, tried)

    failing("_evaluate")
    failing("_wanted")
    found = session("input x: [3]\nloss L = sum(sqrt(exp(x)) * x)\n")
    assert [proof.verdict for proof in proofs(found, set()).values()] == [PROVEN]
    assert not faults
