"""How often `check --against` finds a planted mistake, and names what it is.

Every line of `derive --format grad` of every example, in both layouts, is spoilt in every way that
the classes of mistakes know; what is right all the same is left out. Printed for each class: how
many were planted, in how many the spoilt line alone is wrong, and in how many the class is the
planted one.

    python benchmarks/diagnosis_rates.py [--every N] [--show CLASS] [MODEL ...]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gradcli.check.derivation.edits import bounds, leaves
from gradcli.check.derivation.postfix import operands, parse, starts, text
from gradcli.check.derivation.review import check
from gradcli.errors import GradError, GradErrors, Source
from gradcli.program import Program
from gradcli.render.grad import lines
from gradcli.session import Request, Session, run
from gradcli.sizes import same
from gradcli.syntax import ast, read

EXAMPLES = Path(__file__).parent.parent / "examples"
Mutant = tuple[str, str]  # the class, and the new right-hand side


def mutants(session: Session, target: str, code: ast.Code) -> Iterator[Mutant]:
    """A line's expression, spoilt."""
    begins = starts(code)
    fixed = bounds(code, begins)
    yield "sign", f"-({text(code)})"
    for factor in ("2 *", "0.5 *", *(f"1 / {name} *" for name in session.program.sizes.dims)):
        yield "scale", f"{factor} ({text(code)})"
    for i, (operation, argument, at) in enumerate(code):
        parts = operands(code, begins, i)
        if operation == "transpose":
            yield "transpose", text(code[:i] + code[i + 1 :])
        if operation == "binary" and argument in "+-":
            other = "-" if argument == "+" else "+"
            yield "sign", text((*code[:i], (operation, other, at), *code[i + 1 :]))
        if operation == "unary":
            yield "sign", text(code[:i] + code[i + 1 :])
        if operation == "binary" and argument == "@":
            (a, b), (_, d) = parts
            yield "operand-order", text(code[:a] + code[b:d] + code[a:b] + code[d:])
        if operation == "binary" and argument in "*@/":
            yield from _dropped(session, code, begins, i)
        if operation == "call" and argument[0] == "sum":
            a, b = parts[0]
            yield "missing-sum", text(code[: begins[i]] + code[a:b] + code[i + 1 :])
        if operation == "call" and argument[0] == "broadcast":
            a, b = parts[0]
            yield "shape", text(code[: begins[i]] + code[a:b] + code[i + 1 :])
    for start, end in leaves(code):
        if start in fixed or text(code[start:end]) in session.program.sizes.dims:
            continue
        yield "transpose", text((*code[:end], ("transpose", None, 0), *code[end:]))
        yield from _renamed(session.program, target, code, start, end)


def _dropped(session: Session, code: ast.Code, begins: list[int], i: int) -> Iterator[Mutant]:
    """A factor left out: the left one of a product, and the right one."""
    sides = ((0, 1), (1, 0)) if code[i][1] != "/" else ((0, 1),)
    parts = operands(code, begins, i)
    for keep, drop in sides:
        (a, b), (c, d) = parts[keep], parts[drop]
        lost = code[c:d]
        if any(operation == "derivative" for operation, _, _ in lost):
            continue
        plain = all(
            o in ("number", "binary", "call") or (o == "name" and n in session.program.sizes.dims)
            for o, n, _ in lost
        )
        yield (
            "scale" if plain else "missing-factor",
            text(code[: begins[i]] + code[a:b] + code[i + 1 :]),
        )


def _renamed(
    program: Program, target: str, code: ast.Code, start: int, end: int
) -> Iterator[Mutant]:
    """Another quantity of the same shape: the two nearest in the model."""
    shown = text(code[start:end])
    derivative = shown.startswith("dL/d")
    name = shown.removeprefix("dL/d")
    names = list(program.shapes)
    if name not in names:
        return
    shape = program.shapes[name]
    others = [
        other
        for other in sorted(names, key=lambda n: abs(names.index(n) - names.index(name)))
        if other not in (name, target)
        and len(program.shapes[other]) == len(shape)
        and all(same(a, b) for a, b in zip(program.shapes[other], shape, strict=True))
    ]
    for other in others[:2]:
        code_of = parse(f"dL/d{other}" if derivative else other)
        yield "wrong-operand", text((*code[:start], *code_of, *code[end:]))


def softmax_diagonal(session: Session, number: int) -> str | None:
    """The line with the diagonal of a softmax's Jacobian alone."""
    row = session.derivation.rows[number]
    step = session.derivation.step(row)
    if step.call.op.name != "softmax":
        return None
    y = step.name + (".T" if session.derivation.layout == "numerator" else "")
    return f"dL/d{step.name} * {y} * (1 - {y})"


class Tally:
    def __init__(self) -> None:
        self.planted: Counter[str] = Counter()
        self.localised: Counter[str] = Counter()
        self.diagnosed: Counter[str] = Counter()
        self.failures: list[str] = []

    def count(self, kind: str, good: bool, named: bool, what: str) -> None:
        self.planted[kind] += 1
        self.localised[kind] += good
        self.diagnosed[kind] += named
        if not (good and named):
            self.failures.append(f"{kind}: {what}")


def plant(path: Path, layout: str, every: int, tally: Tally) -> None:
    """Spoil a model's derivation line by line."""
    session = run(str(path), Request(layout=layout))
    head = [f"layout {layout}"]
    body = [line.strip() for line in lines(session) if line.startswith("dL/d")]
    names = [row.target for row in session.derivation.rows]
    place = 0
    for number, line in enumerate(body):
        target, assign, formula = _split(line)
        spoilt = [
            (kind, [f"{target} {assign} {m}"])
            for kind, m in mutants(session, names[number], parse(formula))
        ]
        diagonal = softmax_diagonal(session, number)
        if diagonal:
            spoilt.append(("softmax-diagonal", [f"{target} {assign} {diagonal}"]))
        if assign == "+=":
            spoilt.append(("missing-accumulate", [f"{target} = {formula}"]))
            spoilt.append(("missing-accumulate", []))
        else:
            spoilt.append(("nothing-to-accumulate", [f"{target} += {formula}"]))
        spoilt.append(("counted-twice", [line, f"{target} += {formula}"]))
        for kind, changed in spoilt:
            place += 1
            if place % every:
                continue
            mine = head + body[:number] + changed + body[number + 1 :]
            expected = number + 2 + (kind == "counted-twice")
            if not changed:
                if names.count(names[number]) < 2:
                    continue
                expected = 2 + max(
                    i - (i > number)
                    for i, n in enumerate(names)
                    if n == names[number] and i != number
                )
            _judge(
                session,
                mine,
                expected,
                kind,
                f"{path.stem} {layout} {changed or 'without ' + line}",
                tally,
            )


def _split(line: str) -> tuple[str, str, str]:
    for assign in (" += ", " = "):
        if assign in line:
            target, _, formula = line.partition(assign)
            return target, assign.strip(), formula
    raise AssertionError(line)


def _judge(
    session: Session, mine: list[str], expected: int, kind: str, what: str, tally: Tally
) -> None:
    source = Source("mine.grad", "\n" + "\n".join(mine) + "\n")
    try:
        report = check(read(source, "derivation"), session.program, {})
    except (GradError, GradErrors) as error:
        tally.count(kind, False, False, f"{what}: {error}")
        return
    wrong = report.wrong
    if not wrong:
        if kind in (
            "transpose",
            "operand-order",
            "wrong-operand",
            "missing-factor",
            "sign",
            "scale",
        ):
            return  # right all the same: equal values at every point
        tally.count(kind, False, False, f"{what}: not found")
        return
    good = [line.line for line in wrong] == [expected]
    named = any(line.line == expected and line.diagnosis == kind for line in wrong)
    said = "; ".join(f"{v.line} {v.diagnosis}: {v.message} → {v.expected}" for v in wrong)
    tally.count(kind, good, named, f"{what} (line {expected}): {said}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every N-th mutant only")
    parser.add_argument("--show", default=None, help="print the failures of a class, or of all")
    options = parser.parse_args()
    tally = Tally()
    begin = time.perf_counter()
    for path in options.models or sorted(EXAMPLES.glob("*.eq")):
        for layout in ("numerator", "denominator"):
            plant(path, layout, options.every, tally)
    print(f"{'class':22} {'planted':>8} {'localised':>10} {'diagnosed':>10}")
    rows = [
        (kind, tally.planted[kind], tally.localised[kind], tally.diagnosed[kind])
        for kind in sorted(tally.planted)
    ]
    rows.append(
        ("all", *(sum(c.values()) for c in (tally.planted, tally.localised, tally.diagnosed)))
    )
    for kind, planted, localised, diagnosed in rows:
        print(f"{kind:22} {planted:8} {localised / planted:10.1%} {diagnosed / planted:10.1%}")
    print(f"{time.perf_counter() - begin:.0f} s")
    if options.show:
        for failure in tally.failures:
            if options.show == "all" or failure.startswith(options.show):
                print(failure)


if __name__ == "__main__":
    main()
