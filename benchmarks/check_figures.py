"""What `gradcli check` gets wrong: false alarms, missed mistakes, kinks, bars that are too short.

    python benchmarks/check_figures.py            # the full figures, a few minutes
    python benchmarks/check_figures.py --part 50  # one case in 50

Correct derivations must not fail, at input scales from 1e-6 to 1e4. Mutants are gradients with one
mistake in them, and derivations with a step dropped, a factor transposed or a sum left out; they
must not pass. A mutant that rounding or underflow alone could explain is none, and is not counted.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.check.gradients.checker import BOTH, Checker, Clock
from gradcli.check.gradients.exact import complex_step
from gradcli.check.gradients.finite import differences
from gradcli.check.gradients.numeric import Options, check
from gradcli.check.gradients.points import at
from gradcli.check.gradients.probe import Probe
from gradcli.evaluate import backward
from gradcli.expr import Expr, call
from gradcli.interpret import interpret, number, value
from gradcli.lower import lower
from gradcli.ops.core import Mismatch
from gradcli.session import Request, Session, compute, run
from gradcli.sizes import Number, numbers
from gradcli.syntax import read, read_source
from gradcli.template import postorder, typed
from gradcli.transform.vjp import COTANGENT, RESULT, code

EXAMPLES = Path(__file__).parents[1] / "examples"
FAINTEST = 1e-280  # what is fainter is no mutant: numbers end at 1e-308
SCALES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 30.0, 100.0, 1e3, 1e4)

MODELS = {
    "lstm": (EXAMPLES / "lstm.eq").read_text(encoding="utf-8"),
    "cross_entropy": """
dim N = 4, D = 3, K = 5
input X: [N, D]
param W: [D, K], b: [1, K]
const Y: [N, K] ~ uniform(0, 1)
loss L = -sum(Y * log_softmax(X @ W + b, axis=1)) / N
""",
    "batchnorm": """
dim N = 5, D = 3
input X: [N, D]
param gain: [1, D], bias: [1, D]
centred = X - mean(X, axis=0)
variance = mean(square(centred), axis=0)
Y = gain * (centred / sqrt(variance + 1e-5)) + bias
given dL/dY
""",
    "relu_mlp": """
dim X = 4, H = 5, K = 3
input x: [X]
param W1: [H, X], b1: [H], W2: [H, H], b2: [H], W3: [K, H]
const y: [K]
h = relu(W2 @ relu(W1 @ x + b1) + b2)
loss L = sum(square(W3 @ h - y))
""",
    "attention": """
dim T = 4, D = 3
input X: [T, D]
param W_q: [D, D], W_k: [D, D], W_v: [D, D], b_k: [1, D]
Q = X @ W_q
K = X @ W_k + b_k
A = softmax(Q @ K.T / D^0.5, axis=1)
Y = A @ (X @ W_v)
given dL/dY
""",
    "rnn": """
dim H = 3, X = 2, T = 4
input h0: [H], x[1..T]: [X]
param W: [H, H], U: [H, X], b: [H]
h[0] = h0
for t in 1..T:
    h[t] = tanh(W @ h[t-1] + U @ x[t] + b)
loss L = sum(sum(square(h[t])) for t in 1..T) / T
""",
}


def session(text: str, seed: int = 0) -> Session:
    program = lower(read(read_source("model.eq", text.encode())))
    return compute(program, {}, Request(seed=seed))


def scaled(base: Session, scale: float, every: bool) -> Session:
    """The same with its inputs at a scale; `every`: with its params at that scale too."""
    roles = ("input", "param") if every else ("input",)
    inputs = dict(base.inputs)
    for item in base.program.inputs:
        if item.role in roles:
            inputs[item.name] = inputs[item.name] * scale
    return at(base, inputs, base.given)


def cases(count: int) -> Iterator[tuple[str, float, Session]]:
    """Correct sessions: every model at every scale, with other values each time."""
    made = 0
    seed = 0
    while made < count:
        for name, text in MODELS.items():
            base = session(text, seed)
            for scale in SCALES:
                if made < count:
                    yield name, scale, scaled(base, scale, every=bool(seed % 2))
                    made += 1
        seed += 1


def false_alarms(count: int) -> Counter[str]:
    """The verdicts on correct derivations."""
    found: Counter[str] = Counter()
    for name, scale, at_scale in cases(count):
        report = check(at_scale, Options(BOTH))
        found[report.verdict] += 1
        for result in report.all():
            if result.verdict != "pass":
                found[f"  {result.verdict}: {result.reason}"] += 1
        if report.verdict == "fail":
            print("false alarm:", name, scale, [r for r in report.all() if r.verdict == "fail"][:1])
    return found


# ── gradients with a mistake ──


def mutants(gradient: Any, rng: np.random.Generator) -> tuple[str, Any]:
    """A gradient with a mistake in it."""
    kind = rng.choice(["factor", "one entry", "zeroed", "sign", "noise", "swapped", "transposed"])
    delta = 10 ** rng.uniform(-6, 0) * rng.choice([-1, 1])
    other = gradient.copy()
    flat = other.reshape(-1)
    i, j = rng.integers(flat.size), rng.integers(flat.size)
    if kind == "factor":
        other *= 1 + delta
    elif kind == "one entry":
        flat[i] *= 1 + delta
    elif kind == "zeroed":
        flat[i] = 0
    elif kind == "sign":
        flat[i] *= -1
    elif kind == "noise":
        other *= 1 + 10 ** rng.uniform(-5, 0) * rng.normal(size=other.shape)
    elif kind == "swapped":
        flat[i], flat[j] = flat[j], flat[i]
    elif gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1]:
        other = other.T.copy()
    return str(kind), other


def missed_mutants(count: int) -> Counter[str]:
    """What becomes of mutants with a relative error of 1e-6 or more in some entry."""
    found: Counter[str] = Counter()
    rng = np.random.default_rng(0)
    sessions = cases(10**9)
    while found["mutants"] < count:
        name, scale, base = next(sessions)
        checker = Checker(base, BOTH, Clock(None, 0, lambda done, total: None))
        for variable in base.derivation.wrt:
            gradient = base.backward.totals[variable]
            for _ in range(4):
                kind, mutant = mutants(gradient, rng)
                change = np.abs(mutant - gradient)
                with np.errstate(all="ignore"):
                    relative = change / np.maximum(np.abs(mutant), np.abs(gradient))
                real = (relative >= 9e-7) & (change > 4 * checker.noise.totals[variable])
                real &= change > FAINTEST
                if not real.any():
                    found["no mutant: within rounding"] += 1
                    continue
                result = checker.result(variable, found=mutant)
                found["mutants"] += 1
                found[f"  {result.verdict}"] += 1
                if result.verdict == "pass":
                    found["missed"] += 1
                    found[f"  missed: {kind}"] += 1
                    print("missed:", name, scale, variable, kind, relative.max(), result.worst[0])
    return found


# ── derivations with a mistake ──


def derivation_mutants(base: Session) -> Iterator[tuple[str, Session]]:
    """Sessions whose derivation lacks a `+=` or a sum, or has a factor transposed."""
    rows = base.derivation.rows
    for i, row in enumerate(rows):
        step = base.derivation.step(row)
        if row.assign == "+=":
            yield "dropped +=", _with(base, (*rows[:i], *rows[i + 1 :]))
        for kind, nodes in _changed(base, step, row):
            order = (COTANGENT, RESULT, *range(len(step.args)))
            contribution = row.contribution._replace(code=code(nodes, order))
            changed = row._replace(contribution=contribution)
            yield kind, _with(base, (*rows[:i], changed, *rows[i + 1 :]))


def _with(base: Session, rows: tuple[Any, ...]) -> Session:
    derivation = replace(base.derivation, rows=rows)
    given = base.given
    return base._replace(derivation=derivation, backward=backward(derivation, base.values, given))


def _changed(base: Session, step: Any, row: Any) -> Iterator[tuple[str, Any]]:
    """A step's expression with one factor transposed, or one sum along an axis left out."""
    nodes = row.contribution.nodes
    root = nodes[-1].expr
    sizes = base.program.sizes
    leaves = {"g": step.call.shape, "out": step.call.shape}
    leaves |= dict(enumerate(step.call.signature.shapes))
    where = {id(node.expr): node for node in nodes}
    for node in nodes:
        if node.call is None:
            continue
        op, signature = node.call.op, node.call.signature
        if op.name == "matmul":
            for k, shape in enumerate(signature.shapes):
                if len(shape) == 2 and numbers(shape)[0] == numbers(shape)[1] > 1:
                    args = list(node.expr.args)
                    args[k] = args[k].T
                    other = Expr("matmul", tuple(args))
                    yield from _typed("transposed factor", root, node.expr, other, leaves, sizes)
        if op.name == "sum" and row.contribution.shape != where[id(node.expr.args[0])].shape:
            axis = signature.attrs["axis"]
            count = signature.shapes[0][axis] if axis is not None else None
            if count is not None and count.value > 1:
                # What is left of a sum that is forgotten, in its shape: one of its terms.
                first = call("index", node.expr.args[0], region=_first(signature, axis, sizes))
                yield from _typed("missing sum", root, node.expr, first, leaves, sizes)


def _first(signature: Any, axis: int, sizes: Any) -> Any:
    from gradcli.ops.parts import Part, whole

    one = Part(sizes.constant(0), sizes.constant(1), single=True)
    return tuple(one if i == axis else whole(s, sizes) for i, s in enumerate(signature.shapes[0]))


def _typed(
    kind: str, root: Expr, old: Expr, new: Expr, leaves: Any, sizes: Any
) -> Iterator[tuple[str, Any]]:
    done: dict[int, Expr] = {}
    for expr in postorder(root):
        if expr is old:
            done[id(expr)] = new
        elif expr.args:
            done[id(expr)] = Expr(expr.op, tuple(done[id(a)] for a in expr.args), expr.attrs)
        else:
            done[id(expr)] = expr
    loose = _loose(leaves, sizes)
    with suppress(Mismatch):  # its shapes do not fit: no such mutant
        yield kind, typed(done[id(root)], loose, sizes)


def _loose(leaves: Any, sizes: Any) -> Any:
    """Shapes by number alone, so that a square matrix may be transposed."""
    return {key: tuple(sizes.literal(int(s.value)) for s in shape) for key, shape in leaves.items()}


def missed_derivations(part: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in sorted(EXAMPLES.glob("*.eq")):
        base = run(str(path), Request())
        for i, (kind, mutant) in enumerate(derivation_mutants(base)):
            if i % part:
                continue
            same = all(
                np.allclose(
                    mutant.backward.totals[name], base.backward.totals[name], rtol=1e-12, atol=0
                )
                for name in base.derivation.wrt
            )
            if same:
                found[f"no mutant ({kind}): the gradients are the same"] += 1
                continue
            report = check(mutant)
            found[f"{kind}: {report.verdict}"] += 1
            if report.verdict == "pass":
                print("missed:", path.name, kind)
    return found


# ── kinks ──

KINKS = {
    "relu": "relu(x)",
    "abs": "abs(x)",
    "maximum": "maximum(x, 0)",
    "minimum": "minimum(x, 0 * x)",
    "max": "max(concat(x, 0 * x, axis=1), axis=1)",
    "min": "min(concat(x, 0 * x, axis=1), axis=1)",
    "where": "where(x > 0, x, 2 * x)",
    "mask": "x * (x >= 0)",
    "leaky_relu": "leaky_relu(x, 0.1)",
    "elu": "elu(x, 0.5)",
    "norm": "norm(x, axis=1)",
    "shifted": "abs((x + 1) - 1)",
    "step": "(x > 0) + x",
}
DISTANCES = (0.0, 1e-300, 1e-20, 1e-16, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)


def kinks(scales: Sequence[float] = (1.0, 1e-3, 1e3)) -> Counter[str]:
    """The verdicts at and near kinks, with correct derivations."""
    found: Counter[str] = Counter()
    for name, expression in KINKS.items():
        for distance in DISTANCES:
            for sign in (1, -1):
                for scale in scales:
                    values = f"{sign * distance:.17g}, {0.7 * scale}, {-0.3 * scale}"
                    given = "given dL/dy = [1.5, -0.7, 0.4]"
                    report = check(session(f"input x = [{values}]\ny = {expression}\n{given}\n"))
                    found[report.verdict] += 1
                    if report.verdict == "fail":
                        print("at a kink:", name, sign * distance, report.results[0].worst[0])
    return found


# ── error bars ──


def coverage(count: int) -> Counter[str]:
    """How many smooth entries' errors lie within their bars; the truth has 64-bit fractions."""
    found: Counter[str] = Counter()
    for name, scale, base in cases(count):
        if name == "relu_mlp" or scale > 100:
            continue
        checker = Checker(base, BOTH, Clock(None, 0, lambda done, total: None))
        for variable in base.derivation.wrt:
            probe = Probe(checker.model, variable)
            entries = np.arange(probe.at.size)
            truth = _truth(checker.model, variable)
            finite = differences(probe, entries, probe.reached(entries, checker.noise.outputs))
            rounding = checker.noise.totals[variable].reshape(-1)
            derived = base.backward.totals[variable].reshape(-1)
            exact = complex_step(probe, entries, derived).value
            found["entries"] += len(entries)
            found["finite differences"] += int(np.sum(np.abs(finite.value - truth) <= finite.bar))
            found["complex step"] += int(np.sum(np.abs(exact - truth) <= rounding))
            found["derivation"] += int(np.sum(np.abs(derived - truth) <= rounding))
    return found


def _truth(model: Any, variable: str) -> Any:
    """The complex step in extended precision, one entry at a time."""
    base = {name: value.astype(np.longdouble) for name, value in model.session.inputs.items()}
    weights = {name: value.astype(np.longdouble) for name, value in model.weights.items()}
    step = np.longdouble(1e-200)
    found = []
    for i in range(base[variable].size):
        moved = base[variable].astype(np.clongdouble)
        moved.reshape(-1)[i] += 1j * step
        values = {**base, variable: moved}
        interpret(model.steps, values, value, _fine)
        total = sum(np.sum(np.imag(values[name]) * weight) for name, weight in weights.items())
        found.append(float(total / step))
    return np.array(found)


def _fine(constant: Number) -> Any:
    return number(constant).astype(np.longdouble)


def show(title: str, found: Counter[str]) -> None:
    print(f"\n{title}")
    for key, count in sorted(found.items(), key=lambda item: item[0].strip()):
        print(f"  {key:45} {count:8,}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What gradcli check gets wrong.")
    parser.add_argument("--part", type=int, default=1, help="run one case in so many")
    part = parser.parse_args().part
    show("correct derivations, by verdict", false_alarms(3_000 // part))
    show("gradients with a mistake", missed_mutants(10_000 // part))
    show("derivations with a mistake", missed_derivations(part))
    show("at and near kinks, by verdict", kinks())
    covered = coverage(max(12, 600 // part))
    show("errors within their bars", covered)
    for key in ("finite differences", "complex step", "derivation"):
        print(f"  {key}: {covered[key] / covered['entries']:.3%}")


if __name__ == "__main__":
    main()
