"""Random true identities and planted mistakes, held against exact evaluation.

    python benchmarks/proofs.py [--identities 100000] [--mistakes 10000] [--seed 0]

An identity is a random expression and what random rules make of it, in random order: none may be
refuted. A mistake is a line of a right derivation, of a model with masks and with huge and tiny
scales, that is changed by some factor or term: none may be called right.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

import gradcli
from gradcli.check.derivation.accounts import Accounts
from gradcli.check.derivation.expected import evaluate
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.sheet import Sheet
from gradcli.proof.equality import prove_equal
from gradcli.proof.restricted import restricted
from gradcli.proof.verdict import REFUTED
from gradcli.request import Request
from gradcli.session import bind, derive, parse_text
from gradcli.values import materialise

Tree: TypeAlias = str | tuple  # a text, or an operation and its operands  # type: ignore[type-arg]
Rule: TypeAlias = Callable[[tuple, random.Random], Tree | None]  # type: ignore[type-arg]

INPUTS = """
dim N = 3
const mask = [1, 0, 1]
input x: [N, 1], y: [N, 1], s = 0.7, t = 1.3
input p: [N, 1] ~ uniform(0.5, 2), q: [N, 1] ~ uniform(0.5, 2)
"""
LEAVES = ("x", "y", "p", "q", "s", "0.1", "3", "1e-9", "1e12", "x", "y", "mask")
UNARY = ("exp", "tanh", "sigmoid", "square", "relu", "abs", "sin", "cos", "-", "softmax", "sum")
RIGHTS = {True: "right", False: "RIGHT CALLED WRONG", None: "right, left open"}
EACH = 8  # identities in one model
DEPTH, RULES = 3, 8


# ── identities ──


def grown(rng: random.Random, depth: int = DEPTH) -> Tree:
    """A random expression. What exponentials are taken of is small and flat."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(LEAVES)
    if rng.random() < 0.45:
        op = rng.choice(UNARY)
        flat = op in ("exp", "tanh", "sigmoid", "sin", "cos", "softmax")
        return (op, rng.choice(("x", "y", ("*", "x", "s"))) if flat else grown(rng, depth - 1))
    op = rng.choice("+-*/")
    right = rng.choice(("p", "q", "3")) if op == "/" else grown(rng, depth - 1)
    return (op, grown(rng, depth - 1), right)


def text(tree: Tree) -> str:
    if isinstance(tree, str):
        return tree
    op, *args = tree
    shown = [text(arg) for arg in args]
    if op == "sum":  # of a column, also where its operand is a scalar
        return f"sum({shown[0]} * ones(N))"
    if op in "+-*/^" and len(args) == 2:
        return f"({shown[0]} {op} {shown[1]})"
    return f"(-{shown[0]})" if op == "-" else f"{op}({', '.join(shown)})"


def _split(tree: tuple, rng: random.Random) -> Tree | None:  # type: ignore[type-arg]
    """Distribute: a (b + c) is a b + a c."""
    op, *args = tree
    if op == "*" and isinstance(args[1], tuple) and args[1][0] in "+-" and len(args[1]) == 3:
        return (args[1][0], ("*", args[0], args[1][1]), ("*", args[0], args[1][2]))
    return None


ONES: tuple[Callable[[str], Tree], ...] = (
    lambda u: ("+", ("square", ("sin", u)), ("square", ("cos", u))),
    lambda u: ("*", ("exp", u), ("exp", ("-", u))),
    lambda u: ("+", ("sigmoid", u), ("sigmoid", ("-", u))),
    lambda u: ("/", ("exp", u), ("exp", u)),
    lambda u: ("sum", ("softmax", u)),
    lambda u: ("*", "1e9", "1e-9"),
    lambda u: ("*", ("sqrt", "p"), ("/", "1", ("sqrt", "p"))),
    lambda u: ("+", "mask", ("-", "1", "mask")),
)
BY_NAME: Mapping[str, tuple[Callable[..., Tree], ...]] = {
    "+": (lambda a, b: ("+", b, a), lambda a, b: ("-", a, ("-", b))),
    "*": (lambda a, b: ("*", b, a), lambda a, b: ("-", ("*", a, ("-", b)))),
    "/": (lambda a, b: ("*", a, ("/", "1", b)),),
    "exp": (lambda a: ("/", "1", ("exp", ("-", a))), lambda a: ("square", ("exp", ("/", a, "2")))),
    "tanh": (
        lambda a: ("-", ("*", "2", ("sigmoid", ("*", "2", a))), "1"),
        lambda a: ("-", ("tanh", ("-", a))),
    ),
    "sigmoid": (
        lambda a: ("-", "1", ("sigmoid", ("-", a))),
        lambda a: ("/", "1", ("+", "1", ("exp", ("-", a)))),
    ),
    "square": (lambda a: ("*", a, a), lambda a: ("^", a, "2")),
    "relu": (lambda a: ("*", a, f"({text(a)} > 0)"), lambda a: ("/", ("+", a, ("abs", a)), "2")),
    "abs": (lambda a: ("+", ("relu", a), ("relu", ("-", a))), lambda a: ("abs", ("-", a))),
    "sin": (lambda a: ("*", "2", ("*", ("sin", ("/", a, "2")), ("cos", ("/", a, "2")))),),
    "cos": (lambda a: ("-", "1", ("*", "2", ("square", ("sin", ("/", a, "2"))))),),
    "softmax": (
        lambda a: ("/", ("exp", a), ("sum", ("exp", a))),
        lambda a: ("softmax", ("+", a, "t")),
    ),
    "sum": (lambda a: ("*", "2", ("sum", ("/", a, "2"))),),
}


def rewritten(tree: Tree, rng: random.Random) -> Tree:
    """A true equal of a tree: one rule somewhere in it."""
    if isinstance(tree, tuple) and rng.random() < 0.7:
        op, *args = tree
        if rng.random() < 0.5:
            k = rng.randrange(len(args))
            args[k] = rewritten(args[k], rng)
            return (op, *args)
        rules = BY_NAME.get(op, ()) if len(args) == 2 or op not in "+-*/" else ()
        found = _split(tree, rng) if rng.random() < 0.3 else None
        if found is None and rules:
            found = rng.choice(rules)(*args)
        if found is not None:
            return found
    kind = rng.randrange(4)
    if kind == 0:
        return ("*", tree, rng.choice(ONES)(rng.choice(("x", "y"))))
    if kind == 1:
        other = rng.choice(("x", "1e12", "1e-30", ("exp", "y")))
        return ("-", ("+", tree, other), other)
    return ("-", ("-", tree)) if kind == 2 else ("/", ("*", tree, "q"), "q")


def identities(count: int, seed: int) -> Counter[str]:
    """How many of some true identities are proven, refuted and undecided; and why."""
    rng = random.Random(f"identities {seed}")  # noqa: S311
    found: Counter[str] = Counter()
    while sum(n for key, n in found.items() if ":" not in key) < count:
        pairs, lines = {}, []
        for k in range(EACH):
            one = other = grown(rng)
            for _ in range(rng.randint(1, RULES)):
                other = rewritten(other, rng)
            # Both are stretched to one shape, so that a scalar may equal a column of it.
            lines += [f"a{k} = ({text(one)}) * ones(N)", f"b{k} = ({text(other)}) * ones(N)"]
            pairs[f"a{k}"] = f"b{k}"
        given = ", ".join(f"dL/d{name}" for name in pairs.values())
        model = parse_text("identities", "\n".join([INPUTS, *lines, f"given {given}\n"]))
        program, data = bind(model, Request())
        near = materialise(program, data, rng.randrange(2**31)).inputs
        proofs = prove_equal(program, program, pairs, [near], restricted(program, ()), seed)
        for name, proof in proofs.items():
            found[proof.verdict] += 1
            if proof.reason:
                found[f"undecided: {proof.reason}"] += 1
            if proof.verdict == REFUTED:
                k = int(name[1:])
                print(f"REFUTED: {lines[2 * k]}; {lines[2 * k + 1]}")
    return found


# ── mistakes ──

MODELS = (
    "h = softmax(where(mask, x * {a}, -1e9))\nloss L = dot(h, y) * {b}",
    "z = x - 1e9 * (1 - mask)\nh = exp(z - max(z))\nloss L = dot(h / sum(h), y) * {a}",
    "h = tanh(W @ (x * {a}))\nr = relu(h * {b} + y)\nloss L = sum(square(r))",
    "c = x * {a} - mean(x * {a})\nh = c / sqrt(mean(square(c)) + 1e-5)\nloss L = dot(h, y) * {b}",
    "u = x * {a} * y\nv = u * u / {a}\nloss L = mean(v + sigmoid(x) * {b})",
    "h = sigmoid(W @ x) * {a}\nk = h * y + h\nloss L = sum(log(1 + square(k))) * {b}",
)
SCALES = ("1e12", "1e-12", "1e-20", "1", "0.3", "1e6")
CHANGES = (
    "({f}) * (1 + 1e-12)",
    "({f}) * 1.000001",
    "2 * ({f})",
    "-({f})",
    "({f}) * (1 - 1e-9)",
    "({f}) + 1e-30",
    "({f}) + 1e-6 * ({f}) * dot(x, x)",
    "({f}) / N",
    "({f}) + 1e9 - (1e9 - 1e-5)",
)


def mistakes(count: int, seed: int) -> Counter[str]:
    """How many derivatives with a wrong line are found wrong, left open and called right; and how
    many right lines are called what.
    """
    rng = random.Random(f"mistakes {seed}")  # noqa: S311
    found: Counter[str] = Counter()
    while found["wrong"] + found["open"] + found["RIGHT"] < count:
        body = rng.choice(MODELS).format(a=rng.choice(SCALES), b=rng.choice(SCALES))
        model = f"layout denominator\n{INPUTS}param W: [N, N]\n{body}\n"
        own = gradcli.parse(model).derive(seed=rng.randrange(2**31)).to_grad()
        parsed = parse_text("m.eq", model)
        session = derive(parsed, Request(seed=rng.randrange(2**31)))
        points = evaluate(session.program, {}, rng.randrange(2**31))
        right = [line for line in own.splitlines() if line.startswith("dL/d")]
        for changed in _planted(right, points.totals, rng):
            _judge(own, changed, points, session.program.loss, found)
    return found


def _planted(
    lines: list[str],
    totals: Mapping[str, np.ndarray],
    rng: random.Random,  # type: ignore[type-arg]
) -> Iterator[dict[int, str]]:
    """Changes of some lines at a time, by their numbers, of derivatives that are not 0."""
    for _ in range(4):
        found = {}
        for k, line in enumerate(lines):
            target, sign, formula = line.partition(" += " if " += " in line else " = ")
            name = target.removeprefix("dL/d").partition("[")[0]
            total = totals.get(name)
            plain = total is not None and np.all(total[0] != 0) and np.isfinite(total).all()
            if plain and rng.random() < 0.4:
                found[k] = target + sign + rng.choice(CHANGES).format(f=formula)
        yield found


def _judge(
    own: str, changed: Mapping[int, str], points: object, loss: str | None, found: Counter[str]
) -> None:
    """Count what becomes of a derivation's lines, of which some are changed."""
    lines, k = own.splitlines(), 0
    planted = []
    for i, line in enumerate(lines):
        if line.startswith("dL/d"):
            if k in changed:
                lines[i] = changed[k]
                planted.append(i + 1)
            k += 1
    written = parse_text("mine.grad", "\n".join(lines) + "\n", "derivation", loss)
    sheet = Sheet(written, points, 10**6)  # type: ignore[arg-type]
    accounts = Accounts(sheet)
    tried = accounts.tried()
    by_name: dict[str, list[Line]] = {}
    for line in sheet.lines:
        by_name.setdefault(line.name or "", []).append(line)
    for name, some in by_name.items():
        rights = [tried[line.node.name.place[0]].right for line in some]
        if not any(line.number in planted for line in some):
            found.update(RIGHTS[right] for right in rights)
            continue
        if not any(germ.totals[name].at.any() for germ in accounts.proven.exact.germs):
            continue  # what is 0 is still right twice over
        told = "wrong" if False in rights else "open" if None in rights else "RIGHT"
        found[told] += 1
        if told == "RIGHT":
            print("CALLED RIGHT:", *[lines[line.number - 1] for line in some], sep="\n")
            print(sheet.program.source.text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=100_000)
    parser.add_argument("--mistakes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for title, found in (
        ("identities", identities(asked.identities, asked.seed)),
        ("mistakes", mistakes(asked.mistakes, asked.seed)),
    ):
        print(title)
        for key, n in sorted(found.items(), key=lambda item: -item[1]):
            print(f"  {n:7d}  {key}")


if __name__ == "__main__":
    main()
