"""Programs and derivations as straight-line NumPy."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gradcli.ops.core import TABLE, Op, Signature
from gradcli.program import Call, Operand, Step
from gradcli.session import Session
from gradcli.sizes import ATOM, SIGN, Number, Shape
from gradcli.spelling import Written, fill


class Equation(NamedTuple):
    """A forward equation of the table's operations alone; `eq` is the model's equation, from 1."""

    name: str
    op: Op
    signature: Signature
    static: dict[str, Any]
    shape: Shape
    args: tuple[Operand, ...]
    eq: int

    def operands(self) -> tuple[str, ...]:
        return tuple(arg for arg in self.args if isinstance(arg, str))

    def missing_axes(self) -> tuple[int, ...]:
        """How many axes in front each operand lacks for the operation to broadcast it."""
        ranks = [len(shape) for shape in self.signature.shapes]
        return tuple(max(ranks) - rank if self.op.lifts else 0 for rank in ranks)


# A step that waits: what its operands are called outside, its name, its inner names' prefix, its
# equation's number.
_Waiting: TypeAlias = tuple[Step, Mapping[str, Operand], str, str, int]


def flatten(steps: Sequence[Step]) -> list[Equation]:
    """The steps, with every operation that a model defines replaced by what it consists of."""
    found: list[Equation] = []
    stack: list[_Waiting] = []
    for eq, step in reversed(list(enumerate(steps, 1))):
        stack.append((step, {}, step.name, "", eq))
    while stack:
        step, known, name, prefix, eq = stack.pop()
        args = tuple(
            known.get(arg, prefix + arg) if isinstance(arg, str) else arg for arg in step.args
        )
        call = step.call
        body = call.op.body
        if body is None:
            found.append(Equation(name, call.op, call.signature, call.static, call.shape, args, eq))
            continue
        inside = f"{name}."
        inner: dict[str, Operand] = dict(zip(body.operands, args, strict=True))
        computed = {part.name for part in body.steps}
        if body.result in computed:
            inner[body.result] = name
        else:
            stack.append((_copy(step, body.result), inner, name, inside, eq))
        for part in reversed(body.steps):
            own = name if part.name == body.result else inside + part.name
            stack.append((part, inner, own, inside, eq))
    return found


def _copy(step: Step, result: Operand) -> Step:
    """The step that gives an operand of an operation as its result."""
    signature = Signature(step.call.signature.sizes, (step.call.shape,), {})
    return Step(
        step.name, Call(TABLE["copy"], signature, (), step.call.shape), (result,), step.place
    )


# ── names and expressions ──


class Names:
    """Python identifiers for a model's names: h[1, 2] is h_1_2. No two names share one."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {*reserved, *keyword.kwlist, *dir(builtins)}
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name not in self._known:
            text = "".join(c if c.isalnum() or c == "_" else " " for c in name)
            text = unicodedata.normalize("NFKC", "_".join(text.split()))
            if not text.isidentifier():
                text = "v_" + "".join(c for c in text if c.isalnum() and c.isascii())
            while text in self._taken:
                text += "_"
            self._taken.add(text)
            self._known[name] = text
        return self._known[name]


def function_name(op: Op) -> str:
    """The name of an operation's forward function in generated code."""
    return f"{op.name}_" if op.name in dir(builtins) or keyword.iskeyword(op.name) else op.name


def constant(number: Number) -> Written:
    text = repr(float(number.value))
    if text.lstrip("-") in ("inf", "nan"):
        text = text.replace("inf", "np.inf").replace("nan", "np.nan")
    return text, SIGN if text.startswith("-") else ATOM


def array(number: Number) -> Written:
    """A plain number where an array is needed: a matrix of one entry."""
    return f"np.array([[{constant(number)[0]}]])", ATOM


def expression(
    op: Op,
    attrs: Iterable[tuple[str, Any]],
    static: Mapping[str, Any],
    operands: Sequence[Written | Number],
    infix: Callable[[Op], bool] = lambda op: True,
    name: Callable[[Op], str] = function_name,
) -> Written:
    """An operation in NumPy: with an operator where it has one, else by its forward function.

    infix: whether the operator may be used. name: what the forward function is called.
    """
    if op.numpy is not None and infix(op):
        # Beside an array, an elementwise operator takes a number as it is.
        beside = op.elementwise and not all(isinstance(o, Number) for o in operands)
        number = constant if beside else array
        texts = [number(o) if isinstance(o, Number) else o for o in operands]
        return fill(op.numpy, attrs, texts, "({})")
    arguments = [(array(o) if isinstance(o, Number) else o)[0] for o in operands]
    arguments += [f"{key}={value!r}" for key, value in static.items()]
    return f"{name(op)}({', '.join(arguments)})", ATOM


def _batched_operator(op: Op) -> bool:
    """Whether an operation's operator may stand for its forward function on any numbers.

    A comparison of complex numbers looks at the imaginary part too; and what is no broadcasting
    operation does not know the leading axis.
    """
    return op.lifts and op.branches is None


def moved_lines(
    equations: Sequence[Equation],
    moved: str,
    outputs: Sequence[str],
    names: Names,
    signatures: bool,
) -> Iterator[str]:
    """A function from values of `moved` on a leading axis to the outputs that depend on it.

    Whatever does not depend on it is a global. With `signatures`, the function also returns the
    branch signature of each equation that has one.
    """
    yield f"def run({names(moved)}):\n"
    varying = {moved}
    found: list[str] = []
    for equation in equations:
        operands: list[Written | Number] = []
        for arg, missing in zip(equation.args, equation.missing_axes(), strict=True):
            if isinstance(arg, Number):
                operands.append(arg)
                continue
            lift = f"[(slice(None), {'None, ' * missing})]" if missing and arg in varying else ""
            operands.append((names(arg) + lift, ATOM))
        op = equation.op
        if signatures and op.branches:
            name = f"signature_{len(found)}"
            text = expression(op, (), equation.static, operands, lambda op: False)[0]
            yield f"    {name} = branches_{text}\n"
            found.append(name)
        text = expression(op, (), equation.static, operands, _batched_operator)[0]
        yield f"    {names(equation.name)} = {text}\n"
        varying.add(equation.name)
    yield f"    return [{', '.join(map(names, outputs))}], [{', '.join(found)}]\n"


def lines(session: Session) -> Iterator[str]:
    """A module that runs on its own: `forward` and `backward`, in straight-line NumPy."""
    from gradcli.render.module import Writer

    return Writer(session).module()
