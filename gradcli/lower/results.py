"""What is differentiated: the loss, and the derivatives that are given."""

from __future__ import annotations

from gradcli.errors import GradError, GradErrors, Note
from gradcli.lower.declarations import Declarations, Options
from gradcli.lower.scope import Family, Item, Ref, Scope
from gradcli.program import Input
from gradcli.sizes import is_scalar, numbers, same, spell
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place


class Results(Declarations):
    """Lowers `loss` and `given`, and finds what is differentiated where neither stands."""

    def __init__(self, parsed: Parsed, options: Options) -> None:
        super().__init__(parsed, options)
        self.loss: tuple[str, Place] | None = None
        self.given_items: list[tuple[ast.GivenItem, Scope]] = []

    def _loss(self, node: ast.Loss, scope: Scope) -> None:
        self._only_in_file("loss", node.target.name.place, scope)
        place = node.target.name.place
        if self.loss is not None:
            line, _ = self.source.place(self.loss[1][0])
            raise self.error(
                f"a second loss; line {line} has the first", place, "add them up: loss L = L1 + L2"
            )
        if node.value is not None:
            self.loss = self.define(node.target, node.value, scope, total=True).name, place
        else:
            self.loss = self._existing(node.target, scope).name, place

    def _existing(self, target: ast.Target, scope: Scope) -> Ref:
        """What `loss L` names. Raises GradError for what is no single computed quantity."""
        name, place = target.name
        found = self._target(target, scope)
        if target.members is None and isinstance(scope.find(name), Family):
            raise self.error(
                f"a loss is a scalar, but {name} is a family",
                place,
                f"loss L = sum({name}[t] for t in …)",
            )
        if found[0].name in self.inputs:
            raise self.error(f"a loss is computed, but {name} is declared", place)
        return found[0]

    def _check_loss(self, name: str, place: Place) -> None:
        shape = self.shapes[name]
        one = numbers(shape) == (1, 1)
        if not one or any(same(size, self.one[0]) is None for size in shape):
            raise GradErrors(
                [
                    self.error(
                        f"a loss is a scalar, but {name} is {spell(shape)}",
                        place,
                        f"sum it, or write `given dL/d{name}`",
                    )
                ]
            )

    def _target(self, target: ast.Target, scope: Scope) -> list[Ref]:
        """The quantities that a target names: one, a member, or all members of a family."""
        found = self.lookup(target.name.text, target.name.place, scope)
        if target.members is None:
            if isinstance(found, Family):
                return list(found.members.values())
        else:
            if not isinstance(found, Family):
                raise self.error(
                    f"{target.name.text} is not a family",
                    target.name.place,
                    f"the whole is dL/d{target.name.text}; "
                    "its entries are given by a value behind `=`",
                )
            bounds: list[Item] = [self.number(code, scope, "an index") for code in target.members]
            kinds = (ast.AT,) * len(bounds)
            found = self._member(found, kinds, bounds, target.name.place)
        if not isinstance(found, Ref):
            raise self.error(
                f"{target.name.text} is a number and has no derivative", target.name.place
            )
        return [found]

    def _given(self, node: ast.Given, scope: Scope) -> None:
        for item in node.items:
            self._only_in_file("given", item.target.name.place, scope)
            self.given_items.append((item, scope))

    def _resolve_given(self) -> tuple[Input, ...]:
        """What arrives from above: as stated, or every unused result."""
        found: dict[str, Input] = {}
        for item, scope in self.given_items:
            try:
                self._resolve(item, scope, found)
            except GradError as error:
                self.errors.append(error)
        if self.loss is None and not self.given_items:
            unused = self._unused()
            single = unused[0] if len(unused) == 1 else None
            if single is not None and is_scalar(self.shapes[single]):
                self.loss = single, self.named[single]
                self.notes[-1, -1] = Note(f"{single} is taken as the loss: nothing else is unused")
            else:
                names = ", ".join(f"dL/d{name}" for name in unused[:8]) + (
                    ", …" if unused[8:] else ""
                )
                self.notes[-1, -1] = Note(
                    f"no loss and no given: {names} taken as given, with drawn values"
                )
                for name in unused:
                    found[name] = Input(name, "given", self.shapes[name], None, self.named[name])
        return tuple(found.values())

    def _resolve(self, item: ast.GivenItem, scope: Scope, found: dict[str, Input]) -> None:
        place = item.target.name.place
        value, natural = self._value(item.value, scope, place)
        for ref in self._target(item.target, scope):
            if ref.name in self.inputs:
                raise self.error(
                    f"{ref.name} is not computed, so no derivative arrives for it", place
                )
            if ref.name in found:
                raise self.error(f"dL/d{ref.name} is given twice", place)
            if natural is not None and numbers(natural) != numbers(ref.shape):
                raise self.error(
                    f"dL/d{ref.name} is given in {ref.name}'s own shape, "
                    f"{'×'.join(map(str, numbers(ref.shape)))}, "
                    f"but its value is {'×'.join(map(str, numbers(natural)))}",
                    place,
                )
            found[ref.name] = Input(ref.name, "given", ref.shape, value, place)

    def _unused(self) -> list[str]:
        used = {arg for step in self.steps for arg in step.args}
        return [name for name in self.named if name not in used]
