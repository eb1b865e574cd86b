"""What a Program keeps of its loops: their runs, and the form that a step has in all iterations."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.forms import Letters, Member, Rolled
from gradcli.lower.scope import Ref
from gradcli.program import Loop
from gradcli.sizes import Number


class Recorder:
    """The runs of loops so far, and the forms of steps inside them, each kept once."""

    def __init__(self) -> None:
        self.loops: list[Loop] = []
        self._forms: dict[Rolled, Rolled] = {}

    def begin(self, loop: Loop) -> int:
        """Record a run whose iterations are not known yet; its number among all runs."""
        self.loops.append(loop)
        return len(self.loops) - 1

    def end(self, number: int, iterations: Sequence[tuple[int, int]]) -> None:
        self.loops[number] = self.loops[number]._replace(iterations=tuple(iterations))

    def rolled(
        self, name: str | Member, items: Sequence[Ref | Number], attrs: Letters = ()
    ) -> Rolled:
        """A step with letters, from its operands and the forms of its attributes."""
        args = [(i.rolled or i.name) if isinstance(i, Ref) else i.form for i in items]
        return self.kept(Rolled(name, tuple(args), attrs))

    def kept(self, form: Rolled) -> Rolled:
        """The one form that is equal to this."""
        return self._forms.setdefault(form, form)
