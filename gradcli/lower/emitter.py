"""Steps in the making: their names, their shapes, their limits, and the errors they may have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcli.errors import GradError, GradErrors, Note, Source, Span
from gradcli.lower.limits import MOST_ARRAYS, MOST_AXES, MOST_OPERANDS, MOST_STEPS
from gradcli.lower.scope import Definition, Item, Ref, Scope, UserFunction, elements
from gradcli.ops import FUNCTIONS, Mismatch, Op, Signature
from gradcli.ops.core import Attrs, elementwise_shape, stretched_both_ways
from gradcli.program import Call, Loop, Operand, Rolled, Step
from gradcli.sizes import ATOM, POSTFIX, Number, Shape, Sizes, spell
from gradcli.spelling import Written, write
from gradcli.suggest import suggestion
from gradcli.syntax.lexer import token_end

RECENT = 100  # steps, in which a message looks for an operand's expression
LONGEST_OPERAND = 40


class Unknown(GradError):
    """A name that is not defined."""

    def __init__(self, name: str, span: Span, hint: str | None) -> None:
        super().__init__(f"`{name}` is not defined", span, hint)
        self.name = name


class Poisoned(Exception):
    """A statement that uses a name whose own statement has an error already reported."""


class Kind(NamedTuple):
    """An operation at given shapes, its result's elements, and the note that it deserves."""

    call: Call
    size: int
    remark: str | None


class Mark(NamedTuple):
    """How far lowering has come: how many steps and loops there are, and the next z number."""

    steps: int
    loops: int
    counter: int


class Emitter:
    """The state of lowering: the steps so far, their shapes, and the numbers of the z names."""

    def __init__(
        self, source: Source, sizes: Sizes, used: frozenset[str], max_elements: int
    ) -> None:
        self.source = source
        self.sizes = sizes
        self.used = used
        self.max_elements = max_elements
        self.steps: list[Step] = []
        self.shapes: dict[str, Shape] = {}
        self.notes: dict[int, Note] = {}
        self.poisoned: set[str] = set()
        self.kinds: dict[Any, Kind] = {}
        self.elements = 0  # of all arrays
        self.most_elements = MOST_ARRAYS * max_elements
        self.later: dict[str, int] = {}  # where names are defined, known before they are
        self.one = (sizes.constant(1), sizes.constant(1))
        self.suffix: str = ""  # the loops' indices, as names show them
        self.rolling = False  # whether loops are recorded, and steps with letters for indices
        self.loops: list[Loop] = []
        self.rolled_suffix: str | None = None  # the suffix with letters
        self.indices: tuple[int, ...] = ()
        self.letters: tuple[str, ...] = ()
        self.depth = 0
        self.trips = 1  # how often the innermost loop's body runs in all
        self.expanding: list[str] = []  # the definitions around, from the outermost
        self.counter = 0
        self.totals = False  # whether sums over a range go over the entries of their terms too
        self.shared = -1  # the number that the running total of a sum uses more than once
        self.z_names: list[str] = []
        self.z_next = 1

    # ── errors ──

    def span(self, at: int) -> Span:
        return Span(self.source, at, token_end(self.source, at))

    def error(self, message: str, at: int, hint: str | None = None) -> GradError:
        return GradError(message, self.span(at), hint)

    # ── names ──

    def z(self, number: int) -> str:
        """The number-th name for an unnamed operation, past those that the file uses."""
        if number < len(self.z_names):
            return self.z_names[number]
        while len(self.z_names) <= number:
            name = f"z{self.z_next}"
            self.z_next += 1
            if name not in self.used:
                self.z_names.append(name)
        return self.z_names[number]

    def lookup(self, name: str, at: int, scope: Scope) -> Item:
        found = scope.find(name)
        if found is None:
            raise self.unknown(name, at, scope)
        if isinstance(found, Definition | UserFunction):
            what = "def" if isinstance(found, Definition) else "op"
            raise self.error(f"`{name}` is a function (`{what}`)", at, f"write {name}(…)")
        return found

    def unknown(self, name: str, at: int, scope: Scope) -> Exception:
        if name in self.poisoned:
            return Poisoned(name)
        if name in FUNCTIONS:
            return self.error(f"`{name}` is a function", at, f"write {name}(…)")
        hint = self.elsewhere(name, at) or suggestion(name, scope.visible())
        return Unknown(name, self.span(at), hint)

    def elsewhere(self, name: str, at: int) -> str | None:
        """A hint for a name that means something, but not here."""
        place = self.later.get(name)
        if place is not None and place > at:
            line, _ = self.source.place(place)
            return f"it is defined in line {line}, and known only behind that"
        if place is not None and self.source.text[at + len(name) :].startswith("["):
            return (
                f"no member of {name} is defined yet; a recurrence has a first line, {name}[0] = …"
            )
        if place is not None:
            return f"this equation defines it; a recurrence is a family: {name}[t] = … {name}[t-1]"
        if name == "T" and self.source.text[:at].rstrip(" \t(").endswith(("^", "**")):
            return "a transpose is written x.T"
        return None

    # ── emitting steps ──

    def emit(self, op: Op, items: Sequence[Ref | Number], attrs: Attrs, at: int) -> Ref:
        """Append a step with the next z name.

        Raises GradError where the operands do not fit, GradErrors where the whole grows too large.
        """
        shapes = tuple([i.shape if i.__class__ is Ref else self.one for i in items])
        key = (op, shapes, attrs)
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = self._kind(op, items, shapes, attrs, at)
        call, size, remark = kind
        self.elements += size
        if self.elements > self.most_elements or len(self.steps) >= MOST_STEPS:
            raise GradErrors([self._too_many(at)])
        if remark:
            self.note(remark, at)
        base = self.z(self.counter)
        self.counter += 1
        name = base + self.suffix
        args: tuple[Operand, ...] = tuple([i.name if isinstance(i, Ref) else i for i in items])
        rolled = None
        if self.rolled_suffix is not None:
            rolled = self._roll(base, op, items, attrs)
        self.steps.append(Step(name, call, args, at, rolled))
        self.shapes[name] = call.shape
        return Ref(name, call.shape, rolled.name if rolled else None)

    def note(self, message: str, at: int) -> None:
        self.notes.setdefault(at, Note(message, self.span(at)))

    def take(self, size: int, at: int) -> None:
        """Count an array's elements. Raises GradErrors where those of all arrays are too many."""
        self.elements += size
        if self.elements > self.most_elements:
            raise GradErrors([self._too_many(at)])

    def _too_many(self, at: int) -> GradError:
        if len(self.steps) >= MOST_STEPS:
            return self.error(f"the model has more than {MOST_STEPS:,} equations", at)
        return self.error(
            f"the model's arrays have more than {self.most_elements:,} elements in all",
            at,
            "--max-elements raises the limit",
        )

    def _kind(
        self,
        op: Op,
        items: Sequence[Ref | Number],
        shapes: tuple[Shape, ...],
        attrs: Attrs,
        at: int,
    ) -> Kind:
        """The operation at its operands' shapes. Raises GradError where they do not fit."""
        if len(items) > MOST_OPERANDS:
            raise self.error(
                f"an operation has at most {MOST_OPERANDS:,} operands, not {len(items):,}", at
            )
        signature = Signature(self.sizes, shapes, dict(attrs))
        try:
            shape = op.shape(signature)
        except Mismatch as mismatch:
            written = [self.described(item) for item in items]
            message = mismatch.message.format(*(_quoted(text) for text, _ in written))
            hint = mismatch.hint and mismatch.hint.format(
                *(text if binding >= POSTFIX else f"({text})" for text, binding in written)
            )
            raise self.error(message, at, hint) from None
        except GradError as error:  # a size of the result is beyond the limit
            raise self.error(error.message, at, error.hint) from None
        size = self.check_size(shape, at)
        remark = None
        if op.shape is elementwise_shape and stretched_both_ways(shapes, shape):
            first, second = (spell(stretched) for stretched in shapes)
            remark = f"both sides are stretched: {first} and {second} give {spell(shape)}"
        return Kind(Call(op, signature, attrs, shape), size, remark)

    def described(self, item: Ref | Number) -> Written:
        """An operand as a message shows it: what has no name in the file by its expression."""
        if isinstance(item, Number):
            return item.text, item.precedence
        steps = {step.name: step for step in self.steps[-RECENT:]}

        def spelled(arg: Operand, depth: int) -> Written:
            if isinstance(arg, Number):
                return arg.text, arg.precedence
            step = steps.get(arg)
            if step is None or arg.partition("[")[0] in self.used:
                return arg, ATOM
            if depth == 0 or any(key == "data" for key, _ in step.call.attrs):
                return "…", ATOM
            return write(step.call.op, step.call.attrs, [spelled(a, depth - 1) for a in step.args])

        shown = [spelled(item.name, depth) for depth in (4, 3, 2, 1)]
        return next((w for w in shown if len(w[0]) <= LONGEST_OPERAND), (item.name, ATOM))

    def check_size(self, shape: Shape, at: int) -> int:
        """How many elements an array has. Raises GradError where they are too many."""
        if len(shape) > MOST_AXES:
            raise self.error(f"an array has at most {MOST_AXES} axes, not {len(shape)}", at)
        size = elements(shape)
        if size > self.max_elements:
            raise self.error(
                f"{spell(shape)} = {size:,} elements are more than {self.max_elements:,}",
                at,
                "--max-elements raises the limit",
            )
        return size

    def _roll(self, base: str, op: Op, items: Sequence[Ref | Number], attrs: Attrs) -> Rolled:
        """The step with the loops' indices as letters."""
        name = base + (self.rolled_suffix or "")
        args: list[Operand] = []
        for item in items:
            if isinstance(item, Ref):
                args.append(item.rolled or item.name)
            elif item.rolled:
                args.append(item._replace(text=item.rolled[0], precedence=item.rolled[1]))
            else:
                args.append(item)
        region = ""
        shown = attrs
        if attrs and attrs[0][0] == "region":
            texts = [part.rolled or str(part) for part in attrs[0][1]]
            region = ", ".join(texts)
            shown = (("region", texts),)
        written = [(a, ATOM) if isinstance(a, str) else (a.text, a.precedence) for a in args]
        return Rolled(name, tuple(args), write(op, shown, written)[0], region)

    def mark(self) -> Mark:
        return Mark(len(self.steps), len(self.loops), self.counter)

    def forget(self, mark: Mark) -> None:
        """Take back all that has been emitted since a mark."""
        for step in self.steps[mark.steps :]:
            del self.shapes[step.name]
            self.elements -= elements(step.call.shape)
        del self.steps[mark.steps :], self.loops[mark.loops :]
        self.counter = mark.counter

    def rename(self, item: Ref, name: str, rolled: str | None) -> Ref:
        """Give the last step the name on the left of its equation."""
        step = self.steps[-1]
        base = step.name.partition("[")[0]  # without the indices of a loop or a sum
        if self.counter and base == self.z(self.counter - 1) and self.shared != self.counter - 1:
            self.counter -= 1
        new = step.rolled._replace(name=rolled or name) if step.rolled else None
        self.steps[-1] = Step(name, step.call, step.args, step.at, new)
        self.shapes[name] = self.shapes.pop(step.name)
        return Ref(name, item.shape, rolled)


def _quoted(text: str) -> str:
    """An operand in a message: in quotes where it is more than a name or a number."""
    return text if re.fullmatch(r"[\w.]+(\[[\w, ]*\])?", text) else f"`{text}`"
