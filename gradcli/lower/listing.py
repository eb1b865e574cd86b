"""Steps in the making: appended one by one, named and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError, GradErrors, Note
from gradcli.forms import Letters, Member
from gradcli.lower.limits import MOST_ARRAYS, MOST_STEPS
from gradcli.lower.recorder import Recorder
from gradcli.lower.scope import Family, Frame, Ref, elements
from gradcli.lower.text import Kind, Text, kind_of
from gradcli.ops import Op
from gradcli.ops.core import Attrs
from gradcli.program import Operand, Step
from gradcli.record import Record
from gradcli.sizes import Number, Shape
from gradcli.syntax.ast import Place


class Numbering:
    """The names z1, z2, … of unnamed operations, past those that the text uses.

    `counter` is the number of the next one, from 0: iterations of a loop begin at the same number.
    `shared` is the number of a running total, which several steps have.
    """

    def __init__(self, used: frozenset[str]) -> None:
        self.used = used
        self.counter = 0
        self.shared = -1
        self._names: list[str] = []
        self._tried = 0

    def name(self, number: int) -> str:
        while len(self._names) <= number:
            self._tried += 1
            name = f"z{self._tried}"
            if name not in self.used:
                self._names.append(name)
        return self._names[number]

    def next(self) -> str:
        return self.name(self.counter)

    def take(self) -> str:
        number = self.counter
        self.counter = number + 1
        return self._names[number] if number < len(self._names) else self.name(number)

    def give_back(self, name: str) -> None:
        """Have the last number again, where `name` is its name and that of one step alone."""
        last = self.counter - 1
        if last >= 0 and name == self._names[last] and self.shared != last:
            self.counter = last


class Use(Record):
    """A member with letters in its index that is looked up, or that an equation defines."""

    family: Family
    name: Member
    ref: Ref
    defines: bool


class Mark(Record):
    """How far lowering has come: how many steps and loops there are, and the next z number."""

    steps: int
    loops: int
    counter: int


class Listing:
    """The steps so far. Every step is of a kind: an operation at given shapes, worked out once."""

    def __init__(self, text: Text, kinds: dict[Any, Kind] | None = None) -> None:
        self.text = text
        self.numbering = Numbering(text.used)
        self.recorder = Recorder()
        self.steps: list[Step] = []
        self.shapes: dict[str, Shape] = {}
        self.notes: dict[Place, Note] = {}
        self.named: dict[str, Place] = {}  # the left-hand sides, in order
        self.kinds: dict[Any, Kind] = {} if kinds is None else kinds
        self.elements = 0  # of all arrays
        self.uses: list[Use] | None = None  # in the iteration at hand, where somebody asks
        self.most = MOST_ARRAYS * text.max_elements

    def emit(
        self,
        op: Op,
        items: Sequence[Ref | Number],
        attrs: Attrs,
        place: Place,
        frame: Frame,
        letters: Letters = (),
    ) -> Ref:
        """Append a step with the next z name. letters: the forms of its attributes.

        Raises GradError where the operands do not fit, GradErrors where the whole grows too large.
        """
        scalar = self.text.sizes.scalar
        shapes: list[Shape] = []
        args: list[Operand] = []
        rolling: Any = letters
        for item in items:
            quantity = item.__class__ is Ref
            shapes.append(item.shape if quantity else scalar)  # type: ignore[union-attr]
            args.append(item.name if quantity else item)  # type: ignore[union-attr, arg-type]
            rolling = rolling or item.rolled
        key = (op, tuple(shapes), attrs)
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = kind_of(self.text, self.steps, op, items, attrs, place)
        call, size, remark = kind
        if len(self.steps) >= MOST_STEPS:
            raise GradErrors(
                [
                    self.text.error(
                        f"the model has more than {MOST_STEPS:,} equations", place, kind="too-large"
                    )
                ]
            )
        self.take(size, place)
        if remark and not any([isinstance(i, Ref) and i.stretches for i in items]):
            sign = self.text.sign(place)
            self.notes.setdefault(sign, Note(remark, self.text.span(sign)))
        base = self.numbering.take()
        name = base + frame.suffix
        form = Member(base, frame.letters) if frame.letters else None
        rolled = None
        if form or rolling:
            rolled = self.recorder.rolled(form or name, items, letters)
        self.steps.append(Step(name, call, tuple(args), place, rolled))
        self.shapes[name] = call.shape
        below = None
        if op.counts is not None:
            below = op.counts(call.signature, [getattr(item, "below", None) for item in items])
        return Ref(name, call.shape, form, below)

    def use(self, family: Family, name: Member | None, ref: Ref, *, defines: bool = False) -> None:
        """Note a member that is looked up or defined."""
        if self.uses is not None and name is not None:
            self.uses.append(Use(family, name, ref, defines))

    def take(self, size: int, place: Place) -> None:
        """Count an array's elements. Raises GradErrors where those of all arrays are too many."""
        self.elements += size
        if self.elements > self.most:
            raise GradErrors([self._too_many(place)])

    def _too_many(self, place: Place) -> GradError:
        return self.text.error(
            f"the model's arrays have more than {self.most:,} elements in all",
            place,
            "--max-elements raises the limit",
            kind="too-large",
        )

    def name_last(self, item: Ref, name: str, rolled: Member | None) -> Ref:
        """Give the last step the name on the left of its equation."""
        step = self.steps[-1]
        self.numbering.give_back(step.name.partition("[")[0])  # without the indices of loops
        new = step.rolled and self.recorder.kept(step.rolled._replace(name=rolled or name))
        self.steps[-1] = Step(name, step.call, step.args, step.place, new)
        self.shapes[name] = self.shapes.pop(step.name)
        return Ref(name, item.shape, rolled, item.below)

    def mark(self) -> Mark:
        return Mark(len(self.steps), len(self.recorder.loops), self.numbering.counter)

    def forget(self, mark: Mark) -> None:
        """Take back all that has been emitted since a mark."""
        for step in self.steps[mark.steps :]:
            del self.shapes[step.name]
            self.elements -= elements(step.call.shape)
        del self.steps[mark.steps :], self.recorder.loops[mark.loops :]
        self.numbering.counter = mark.counter
