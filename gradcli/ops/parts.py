"""Regions: what an index takes of each axis, and how that is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from gradcli.ops.mismatch import Mismatch
from gradcli.record import Record
from gradcli.sizes import Form, Shape, Size, Sizes, same, spell


class Part(Record):
    """What of one axis a slice takes: from `start` up to `stop`, or all of it.

    A single index (`single`) keeps the axis at size 1 at rank 2, and drops it at rank 3 and more.
    step: how far the entries lie apart, where it is more than 1; `stop` is behind the last of them.
    """

    start: Size
    stop: Size
    single: bool = False
    whole: bool = False
    letters: tuple[Form | None, Form | None] = (None, None)  # both ends as they are written
    step: Size | None = None
    shown: str = ""  # how a slice with steps is written

    @property
    def rolled(self) -> str:
        """How it is written, with letters."""
        first, last = ["" if form is None else form.text for form in self.letters]
        if self.single or not first + last:
            return first
        colon = " : " if " " in first + last else ":"
        return f"{first}{colon}{last}" + (f"{colon}{self.step.text}" if self.step else "")

    def __str__(self) -> str:
        if self.whole:
            return ":"
        if self.single:
            return str(self.start.value)
        return self.shown or f"{self.start.value}:{self.stop.value}"

    def length(self, sizes: Sizes) -> Size:
        if self.single:
            return sizes.constant(1)
        if self.start.free or self.stop.free:
            return sizes.literal(len(range(*self.ends)))
        span = sizes.add(self.stop, self.start, -1)
        if self.step is None:
            return span
        one = sizes.constant(1)
        steps = sizes.divide(sizes.add(span, one, -1), self.step)
        return sizes.add(steps, one) if steps else sizes.literal(len(range(*self.ends)))

    @property
    def ends(self) -> tuple[int, int, int]:
        """Its bounds and its step as numbers."""
        return int(self.start.value), int(self.stop.value), int(self.step.value if self.step else 1)

    def slice(self) -> slice:
        return slice(*self.ends) if self.step else slice(*self.ends[:2])


def stepped(part: Part, size: Size, sizes: Sizes) -> Part:
    """A part with a step of an axis of that size: it stops behind the last entry that it takes."""
    first, stop, step = part.ends
    last = range(first, stop, step)[-1]
    rest = sizes.constant(stop - last - 1)
    until = "" if last + step >= size.value else str(stop)
    shown = f"{first or ''}:{until}:{step}"
    return part._replace(stop=sizes.add(part.stop, rest, -1), shown=shown)


Region: TypeAlias = tuple[Part, ...]


class Worth(Record):
    """What forms are worth in an iteration: as sizes, and as numbers."""

    size: Callable[[Form], Size]
    number: Callable[[Form], float]


def kept_shape(sizes: Sizes, region: Sequence[Part]) -> Shape:
    """The shape of a region with every axis kept."""
    return tuple(part.length(sizes) for part in region)


def indexed_shape(sizes: Sizes, region: Sequence[Part]) -> Shape:
    """The shape of an index's result: at rank 3 and more a single index drops its axis."""
    if len(region) <= 2:
        return kept_shape(sizes, region)
    left = [part.length(sizes) for part in region if not part.single]
    one = sizes.constant(1)
    return (*left, *(one,) * (2 - len(left)))


def whole(
    size: Size, sizes: Sizes, letters: tuple[Form | None, Form | None] = (None, None)
) -> Part:
    return Part(sizes.constant(0), size, whole=True, letters=letters)


def moved(region: Region, shape: Shape, sizes: Sizes, worth: Worth) -> Region:
    """A region of an array of that shape where its forms are worth other sizes."""

    def bound(form: Form, size: Size) -> Size:
        found = worth.size(form)
        return sizes.add(size, found) if int(found.value) < 0 else found

    found = []
    for part, size in zip(region, shape, strict=True):
        first, last = part.letters
        start = bound(first, size) if first else part.start
        stop = bound(last, size) if last else part.stop
        if part.single:
            stop = sizes.add(start, sizes.constant(1))
        if part.step is not None:
            stop = stop if last else size
            found.append(stepped(part._replace(start=start, stop=stop), size, sizes))
            continue
        everything = not part.single and start.value == 0 and same(stop, size) is not None
        found.append(part._replace(start=start, stop=stop, whole=everything))
    return tuple(found)


# ── as text ──


def written(region: Iterable[object]) -> str:
    """A region as it stands in brackets."""
    return ", ".join(map(str, region))


def all_written(regions: Iterable[Iterable[object]]) -> str:
    return "; ".join(map(written, regions))


def read_regions(text: str, shape: Shape, sizes: Sizes) -> tuple[Region, ...]:
    """Regions as `scatter` has them written, "0:2, :; 3, :". Raises Mismatch.

    Their bounds are numerals, which have no dim's name: they are compared by number.
    """
    found = []
    for one in text.split(";"):
        parts = [part.strip() for part in one.split(",")]
        if len(parts) > len(shape):
            raise Mismatch(f"`{one.strip()}` has {len(parts)} axes, but {spell(shape)} is filled")
        parts += [":"] * (len(shape) - len(parts))
        found.append(tuple(_part(*pair, sizes) for pair in zip(parts, shape, strict=True)))
    return tuple(found)


def _part(text: str, size: Size, sizes: Sizes) -> Part:
    start, colon, rest = (piece.strip() for piece in text.partition(":"))
    stop, _, step = (piece.strip() for piece in rest.partition(":"))
    if text.strip() == ":":
        return whole(size, sizes)
    bounds = [piece for piece in (start, stop, step) if piece]
    if not bounds or not all(piece.isascii() and piece.isdigit() for piece in bounds):
        raise Mismatch(f"`{text}` is not an index", 'regions are written "0:2, :" or "3, :"')
    first = int(start or 0)
    last = int(stop) if stop else int(size.value) if colon else first + 1
    if not first < last <= int(size.value) or step == "0":
        raise Mismatch(f"`{text}` is out of range: the axis has size {size.text}")
    if step and int(step) > 1:
        part = Part(sizes.literal(first), sizes.literal(last), step=sizes.constant(int(step)))
        return stepped(part, size, sizes)
    return Part(sizes.literal(first), sizes.literal(last), single=not colon)
