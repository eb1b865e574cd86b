"""What `gradcli check` says at awkward values: zeros, ties, saturation, and the ends of the range.

    python benchmarks/check_awkward.py            # all cases, some minutes
    python benchmarks/check_awkward.py --part 20  # one case in 20

Every derivation here is gradcli's own and right, so that each `fail` is a false alarm. Where a
check passes, the same gradient with a mistake in it must not.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ops"))

from cases import cases

from gradcli.check.gradients.checker import BOTH, Checker, Clock
from gradcli.check.gradients.numeric import Options, check
from gradcli.errors import GradError, GradErrors
from gradcli.lower import lower
from gradcli.ops import TABLE
from gradcli.session import Request, Session, compute
from gradcli.syntax import read, read_source

VALUES = (
    "0", "-0.0", "1e-300", "-1e-300", "1e-160", "1e-90", "-1e-90", "1e-30", "1e-8", "-1e-8", "0.5",
    "1", "-1", "2", "30", "-30", "40", "700", "-700", "1e8", "-1e8", "1e160", "1e300", "-1e300",
)  # fmt: skip

FUNCTIONS = (
    "exp(x)", "log(x)", "sqrt(x)", "abs(x)", "square(x)", "sin(x)", "cos(x)", "tan(x)", "tanh(x)",
    "sigmoid(x)", "relu(x)", "leaky_relu(x, 0.1)", "elu(x, 0.5)", "softplus(x)", "erf(x)",
    "gelu(x)", "silu(x)", "1 / x", "x^2", "x^3", "x^4", "x^5", "x^1.5", "x^2.5", "x^-1", "x^-2",
    "x^0.5", "x^0", "2^x", "x * x * x", "x * abs(x)", "x^x", "x - x", "x / x", "-x", "x^1.1",
)  # fmt: skip

# Of one column x; of a column and a second one w.
EXPRESSIONS = (
    "prod(x)", "norm(x)", "norm(x)^3", "norm([x; x])", "logsumexp(x)", "max(x)", "min(x)",
    "mean(x)", "x.T @ x", "softmax(x)", "log_softmax(x)", "exp(log(x))", "log(exp(x))",
    "sqrt(square(x))", "tanh(x)^3", "sin(x)^3", "abs(x)^3", "log(softplus(x))", "log(sigmoid(x))",
    "x[0] * x[0] * x[0]", "sum(x)^3", "log(1 + exp(x))", "exp(x) / sum(exp(x))", "x / norm(x)",
    "maximum(x, 0)", "minimum(x, 0) * x", "where(x > 0, log(x), 0)", "1e-300 * x^2",
    "(x * 1e-160) * 1e160", "sqrt(sum(x^2))", "1 - tanh(x)", "1 - sigmoid(x)", "x * sigmoid(x)",
    "exp(-square(x))", "log(abs(x))", "erf(tanh(x))", "sigmoid(sigmoid(x))", "tanh(tanh(x))",
    "relu(tanh(x)) * x", "square(sin(x)) * x", "1 / (1 + square(x))", "exp(tanh(x))", "cube(x)",
    "cube(sin(x))", "log(square(x) + 1)", "x^3 / 1e200", "softplus(x)^2", "x * log(abs(x) + 1)",
)  # fmt: skip

PAIRS = (
    "x * w", "x / w", "x^w", "maximum(x, w)", "minimum(x, w)", "x * x * w", "x * w * w", "x - w",
    "exp(x) * w", "x / (abs(w) + 1)", "tanh(x * w)", "sigmoid(x) * log(abs(w))", "w * log(x)",
    "sum(x * w)^3", "dot(x, w)", "x^3 * w^3", "norm(x - w)", "where(x > w, x, w)", "x / (x + w)",
    "log(x) * w / 2", "mean(w * log(x))",
)  # fmt: skip

MATRICES = ("det(A)", "logdet(A)", "inv(A)", "solve(A, b)", "cofactor(A)", "trace(A @ A @ A)")
ENTRIES = (
    "[[0, 0], [0, 0]]", "[[1, 2], [2, 4]]", "[[1, 1], [1, 1]]", "[[1, 0], [0, 1]]",
    "[[1e-160, 0], [0, 1e-160]]", "[[1e160, 0], [0, 1e160]]", "[[1, 2], [2, 4.000000001]]",
    "[[1e-8, 1], [1, 1e8]]", "[[0, 1], [1, 0]]", "[[-1, 0], [0, 1]]", "[[1e300, 1], [1, 1e300]]",
    "[[1e-300, 1], [1, 1]]", "[[30, 0], [0, 0]]",
)  # fmt: skip

# What fills all operands of an operation of the table; the cases of one that are looked at.
FILLS: dict[str, Callable[[Any, Any], Any]] = {
    "0": lambda rng, shape: np.zeros(shape),
    "-1": lambda rng, shape: -np.ones(shape),
    "-1, 0 and 1": lambda rng, shape: rng.integers(-1, 2, shape).astype(float),
    "near 1": lambda rng, shape: 1 + 1e-9 * rng.normal(size=shape),
    "40 and -40": lambda rng, shape: 40.0 * np.sign(rng.normal(size=shape)),
    "1e8": lambda rng, shape: 1e8 * rng.normal(size=shape),
    "1e-90": lambda rng, shape: 1e-90 * rng.normal(size=shape),
    "1e-160": lambda rng, shape: 1e-160 * rng.uniform(0.5, 1.5, shape),
    "1e160": lambda rng, shape: 1e160 * rng.uniform(0.5, 1.5, shape),
    "all sizes": lambda rng, shape: rng.choice([0, 1e-300, -1e-8, 1, 700, -1e160], shape),
}
LOOKED_AT = 4

FAINTEST = 1e-150  # what is fainter underflows on the way
HEAD = "op cube(a) = a^3:\n    dL/da = dL/dout * 3 * (a^2).T\n"
WHOLE = {
    "zero weights": "dim N = 3\ninput x: [N]\nparam W1: [N, N] = zeros(N, N), "
    "W2: [N, N] = zeros(N, N), W3: [N, N] = zeros(N, N)\n"
    "loss L = sum(square(W3 @ tanh(W2 @ tanh(W1 @ x))))\n",
}


def models() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A title, a model's text and the values that it does not state."""
    yield from ((title, text, {}) for title, text in _stated())
    yield from operations()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation of the table, at awkward values throughout."""
    for op in TABLE.values():
        every = cases(op)
        for case in every[:: max(1, len(every) // LOOKED_AT)][:LOOKED_AT]:
            for title, fill in FILLS.items():
                rng = np.random.default_rng(3)
                free = [i for i in range(len(case.operands)) if not case.below(i)]
                data = {
                    name: fill(rng, np.shape(value)) if int(name[1:]) in free else value
                    for name, value in case.draw(1).items()
                }
                yield f"{case} at {title}", case.model, data


def _stated() -> Iterator[tuple[str, str]]:
    for value in VALUES:
        for function in FUNCTIONS:
            yield f"{function} at {value}", f"input x = {value}\nloss L = {function}\n"
        for other in ("1", "0", "1e160"):
            for expression in (*FUNCTIONS, *EXPRESSIONS):
                text = f"{HEAD}dim N = 2\ninput x: [N] = [{value}, {other}]\ny = {expression}\n"
                yield f"{expression} at [{value}, {other}]", text + "loss L = sum(y)\n"
        for other in ("0", "1", "3", "-1", "1e-160", "1e160", value):
            for expression in PAIRS:
                text = f"dim N = 2\ninput x: [N] = [{value}, 0.7], w: [N] = [{other}, 3]\n"
                yield (
                    f"{expression} at x = {value}, w = {other}",
                    f"{text}y = {expression}\ngiven dL/dy\n",
                )
    for scale in ("1e-300", "1e-160", "1e160", "1e300"):
        for expression in (*FUNCTIONS, *EXPRESSIONS):
            text = f"{HEAD}dim N = 2\ninput x: [N] = [0.3, 1.2]\ny = {expression}\n"
            yield f"{scale} * {expression}", text + f"loss L = {scale} * sum(y)\n"
    for matrix in ENTRIES:
        for expression in MATRICES:
            text = f"input A = {matrix}, b = [1, 2]\ny = {expression}\ngiven dL/dy\n"
            yield f"{expression} at {matrix}", text
    yield from WHOLE.items()


def session(text: str, data: dict[str, Any]) -> Session:
    program = lower(read(read_source("model.eq", text.encode())))
    return compute(program, data, Request())


def verdicts(part: int, first: int = 0, undecided: bool = False, show: Any = print) -> Counter[str]:
    """What is said of right derivations, and of the same with a mistake: one in `part` of them."""
    found: Counter[str] = Counter()
    for i, (title, text, data) in enumerate(models()):
        if i % part != first:
            continue
        try:
            base = session(text, data)
            report = check(base, Options(BOTH, steps=True))
        except (GradError, GradErrors) as error:
            found["an error with its place"] += 1
            message = str(getattr(error, "message", error))
            found[f"  {message.splitlines()[0][:80]}"] += 1
            continue
        except Exception as error:  # noqa: BLE001 (it is what is looked for)
            found["traceback"] += 1
            show("traceback:", title, "|", type(error).__name__, error)
            continue
        found[report.verdict] += 1
        for result in report.all():
            if result.verdict != "pass":
                found[f"  {result.verdict}: {result.reason}"] += 1
                if undecided:
                    show(result.reason, title, "|", result.name, result.worst[0])
            if result.verdict == "fail":
                show("false alarm:", title, "|", result.name, result.worst[0])
        if report.verdict == "pass":
            found += _mistakes(title, base, show)
    return found


def _mistakes(title: str, base: Session, show: Any) -> Counter[str]:
    """What becomes of gradients with one mistake, where the right one passed."""
    found: Counter[str] = Counter()
    checker = Checker(base, BOTH, Clock(None, 0, lambda done, total: None))
    for name in base.derivation.wrt:
        right = base.backward.totals[name]
        bound = checker.noise.totals[name]
        for kind, wrong in _wrong(right):
            change = np.abs(wrong - right)
            if not np.any(
                (change > 4 * bound) & (change > 1e-6 * np.abs(right)) & (change > FAINTEST)
            ):
                continue
            result = checker.result(name, found=wrong)
            found[f"mistake: {result.verdict}"] += 1
            if result.verdict == "pass":
                show("missed:", title, "|", kind, name, result.worst[0])
    return found


def _wrong(right: Any) -> Iterator[tuple[str, Any]]:
    with np.errstate(all="ignore"):
        yield "factor 2", right * 2
        yield "sign", -right
        yield "1e-4 too large", right * 1.0001
        zeroed = right.copy()
        zeroed.reshape(-1)[int(np.argmax(np.abs(right)))] = 0
        yield "zeroed", zeroed
        yield "one more", right + 1e-3 * max(1e-3, float(np.max(np.abs(right))))


def main() -> None:
    parser = argparse.ArgumentParser(description="What gradcli check says at awkward values.")
    parser.add_argument("--part", type=int, default=1, help="run one case in so many")
    parser.add_argument("--undecided", action="store_true", help="show what is inconclusive")
    options = parser.parse_args()
    found = verdicts(options.part, undecided=options.undecided)
    for key, value in sorted(found.items(), key=lambda item: item[0].strip()):
        print(f"  {key:60} {value:8,}")


if __name__ == "__main__":
    main()
