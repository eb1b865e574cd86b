"""Compact forms of random models: never more operations or lines than step by step, and right.

Both are held against the model by `check --against --complete`, and counted. Printed are the models
that break a promise, then what the compact forms save, and how many of them are proven.

    python benchmarks/compact_random.py [--cases 1000] [--seed 0]
"""

from __future__ import annotations

import argparse
import time
from random import Random

import gradcli
from gradcli.api import Review

UNARY = ("tanh({})", "sigmoid({})", "exp({} / 4)", "square({})", "relu({})", "softmax({})",
         "{} - mean({})", "{} / (2 + square({}))", "-{}", "sqrt(1 + square({}))", "{} / norm({})",
         "cos({})", "log(2 + square({}))", "abs({})", "0.5 * {}", "1 - {}")  # fmt: skip
BINARY = ("{} * {}", "{} + {}", "{} - 0.5 * {}", "{} / (1 + square({}))", "{} * sum({})",
          "maximum({}, {})", "where({} > 0, {}, 0)", "dot({}, {}) * x")  # fmt: skip
PRODUCTS = ("A @ {}", "A.T @ {}", "B @ (A @ {})", "outer({}, y) @ x", "solve(A + 4 * eye(N), {})")


def a_model(random: Random) -> str:
    """A model of a few equations on columns of one size, with two matrices."""
    names = ["x", "y"]
    lines = ["dim N = 3", "input x: [N], y: [N]", "param A: [N, N], B: [N, N]"]
    for k in range(random.randint(2, 8)):
        template = random.choice(random.choice((UNARY, BINARY, PRODUCTS)))
        first = random.choice(names)
        once = [first] * template.count("{}")
        some = [random.choice(names) for _ in once]
        lines.append(f"v{k} = {template.format(*(once if template in UNARY else some))}")
        names.append(f"v{k}")
    end = random.choice(("sum({} * {})", "mean(square({} - {}))", "dot({}, {}) / N"))
    return "\n".join([*lines, f"loss L = {end.format(names[-1], random.choice(names))}"])


def broken(text: str) -> tuple[list[str], float, float, bool]:
    """Which promises a model's compact form breaks, both costs, and whether all is proven.

    Nothing is to be found where the loss moves with nothing.
    """
    model = gradcli.parse(text)
    literal = model.derive(layout="denominator")
    compact = model.derive(layout="denominator", compact=True)
    if not literal.steps:
        return [], 0.0, 0.0, True
    costs, found = [], []
    for derivation in (literal, compact):
        review = model.against(derivation.to_grad(), complete=True, cost=True)
        assert isinstance(review, Review)
        if review.verdict != "pass":
            form = "compact" if derivation is compact else "literal"
            found.append(f"the {form} form is judged {review.verdict}")
        costs.append(review.cost.flops.value if review.cost else 0)
    if costs[1] > costs[0]:
        found.append(f"{costs[1]} operations, and {costs[0]} step by step")
    if len(compact.steps) > len(literal.steps):
        found.append(f"{len(compact.steps)} lines, and {len(literal.steps)} step by step")
    if any("no shorter form" in note for note in compact.notes):
        found.append("no form was found")
    proven = not any("not proven" in note for note in compact.notes)
    return found, costs[0], costs[1], proven


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begin, bad, proofs, before, after = time.perf_counter(), 0, 0, 0.0, 0.0
    for case in range(asked.cases):
        text = a_model(Random(f"{asked.seed} {case}"))  # noqa: S311
        found, literal, compact, proven = broken(text)
        before, after, proofs = before + literal, after + compact, proofs + proven
        if found:
            bad += 1
            print(f"case {case}: {'; '.join(found)}\n{text}\n", flush=True)
    spent = time.perf_counter() - begin
    print(f"{asked.cases} models, {bad} with a promise broken, {proofs} proven throughout")
    print(f"operations: {before:.0f} step by step, {after:.0f} compact; {spent:.0f} s")


if __name__ == "__main__":
    main()
