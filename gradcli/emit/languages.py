"""What the targets differ in: how they allocate, fill, slice and loop.

Everything else, how an operation is written, stands in the operations' own entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gradcli.codegen.helpers import numpys_own
from gradcli.emit.layout import quoted, sequence
from gradcli.errors import GradError
from gradcli.ops import lists
from gradcli.ops.coding import CALLED, JAX, NUMPY, PYTHON, TORCH, Site, between
from gradcli.ops.core import Call, Spelling
from gradcli.sizes import Size


class Range(NamedTuple):
    """A loop's range as code: Python's own, the first of it, how long it is.

    moves: whether its ends change in a loop around.
    """

    variable: str
    ends: str
    first: str
    length: str
    down: bool
    moves: bool


class Language:
    """NumPy: arrays that are filled in place, and Python's own loops.

    own: a forward function that is not NumPy's as source in the module; its name there.
    """

    name = NUMPY
    xp = "np"
    title = "NumPy"
    imports: tuple[str, ...] = ("import numpy as np",)
    seeded = True  # whether the loss's own derivative is 1, not an argument
    fixed = False  # whether arrays have one length in all iterations of a loop
    like = "kind"  # what says of which kind an array is to be, where no array does
    by_array = False  # whether an array says so

    packs = True  # whether parameters may be laid side by side before
    thrifty = False  # whether copies of inputs are made again and not saved
    serial = False  # whether loops stay as they are, one step after the other

    def __init__(
        self, own: Callable[[Call, Site], str], helper: Callable[[Callable[..., Any], str], str]
    ) -> None:
        self.own = own
        self.helper = helper

    def spelling(self, call: Call, site: Site) -> Spelling:
        """How an operation is written."""
        found = call.op.code.get(self.name, call.op.code.get(NUMPY))
        if found is None:
            return Spelling(self.call(call, site))
        return found if isinstance(found, Spelling) else found(site)

    def shape(self, name: str) -> str:
        return f"{name}.shape"

    def rank(self, name: str) -> str:
        return f"{name}.ndim"

    def entry(self, name: str, parts: Sequence[str]) -> str:
        return f"{name}[{', '.join(parts)}]"

    def added(self, name: str, value: str) -> str:
        return f"{name} + {value}"

    def reshaped(self, text: str, shape: str) -> str:
        return f"{text}.reshape({shape})"

    def call(self, call: Call, site: Site) -> str:
        """An operation without a template, as a call of its forward function."""
        return self.own(call, site)

    def made(self, kind: str, shape: str, like: str) -> str:
        """An array of a shape: "zeros", "ones", or "empty" where all of it is filled."""
        return f"np.{kind}({shape}, {like})"

    def of_numbers(self, text: str, like: str) -> str:
        return f"np.array({text}, {like})"

    def kinds(self, arrays: Sequence[str]) -> list[str]:
        """The lines that find of which kind arrays are made: of the most precise there is."""
        return sequence(f"{self.like} = np.result_type", [*arrays, "np.float32"])

    def scalar(self, name: str, like: str | None) -> str:
        array = f"np.asarray({name}, {like})" if like else name
        return f"np.reshape({array}, (1, 1))"

    def copied(self, name: str) -> str | None:
        """An array that may be filled, as the one of that name may not be; None: it may."""
        return f"{name}.copy()"

    def filled(self, name: str, parts: Sequence[str], adds: bool, value: str) -> str:
        sign = "+=" if adds else "="
        return f"{name}[{', '.join(parts)}] {sign} {value}"

    def read(self, text: str) -> str:
        """A part of an array that the loops around go on to fill."""
        return text

    def run(self, start: str, stop: str, length: str, moves: bool) -> str:
        """A part of an axis. moves: whether its ends change in a loop that is open."""
        return between(start, stop)

    def down(self, first: str, stop: str, most: str) -> str:
        """An axis from its `first` entry down to before `stop`; "" where it is open."""
        return f"{first}:{stop}:-1"

    def number(self, text: str, moves: bool) -> str:
        return text

    def enter(self, over: Range, carried: Sequence[str], name: str) -> list[str]:
        """The lines that begin a loop; those that follow stand a level deeper."""
        return [f"for {over.variable} in range({over.ends}):"]

    def leave(self, over: Range, carried: Sequence[str], name: str) -> list[str]:
        """The lines that end it: the first `1` of them still inside it."""
        return []


class Torch(Language):
    """PyTorch, on the device and in the type that its inputs have."""

    name = TORCH
    by_array = True
    packs = False
    xp = "torch"
    title = "PyTorch"
    thrifty = True  # autograd keeps inputs as they are
    imports = ("import torch",)
    seeded = False
    like = "torch.zeros(0, dtype=torch.float64)"

    def call(self, call: Call, site: Site) -> str:
        return _of_library(call, self)

    def made(self, kind: str, shape: str, like: str) -> str:
        return f"{like}.new_{kind}({shape})"

    def of_numbers(self, text: str, like: str) -> str:
        return f"{like}.new_tensor({text})"

    def scalar(self, name: str, like: str | None) -> str:
        kind = f", dtype={like}.dtype, device={like}.device" if like else ""
        return f"torch.as_tensor({name}{kind}).reshape(1, 1)"

    def copied(self, name: str) -> str | None:
        return f"{name}.clone()"

    def read(self, text: str) -> str:
        return f"{text}.clone()"  # what autograd keeps must not change

    def down(self, first: str, stop: str, most: str) -> str:
        return f"torch.arange({first or most}, {stop or -1}, -1)"


class Jax(Language):
    """JAX: nothing is filled in place, and a loop is a scan over what it fills."""

    name = JAX
    by_array = True
    packs = False
    xp = "jnp"
    title = "JAX"
    imports = ("import jax", "import jax.numpy as jnp")
    seeded = False
    fixed = True
    like = "jnp.zeros(0)"

    def call(self, call: Call, site: Site) -> str:
        return _of_library(call, self)

    def made(self, kind: str, shape: str, like: str) -> str:
        kind = "zeros" if kind == "empty" else kind
        return f"jnp.{kind}({shape}, {like}.dtype)"

    def of_numbers(self, text: str, like: str) -> str:
        return f"jnp.array({text}, {like}.dtype)"

    def scalar(self, name: str, like: str | None) -> str:
        return f"jnp.reshape({name}, (1, 1))"

    def copied(self, name: str) -> str | None:
        return None

    def filled(self, name: str, parts: Sequence[str], adds: bool, value: str) -> str:
        how = "add" if adds else "set"
        return f"{name} = {name}.at[{', '.join(parts)}].{how}({value})"

    def run(self, start: str, stop: str, length: str, moves: bool) -> str:
        return f"{start} + jnp.arange({length})" if moves else between(start, stop)

    def number(self, text: str, moves: bool) -> str:
        return text.replace("math.", "jnp.") if moves else text

    def enter(self, over: Range, carried: Sequence[str], name: str) -> list[str]:
        several = ", ".join(carried) if len(carried) > 1 else f"({carried[0]},)"
        if not over.moves:
            return ["", f"def {name}(carry, {over.variable}):", f"    {several} = carry"]
        count = f"{over.first} {'-' if over.down else '+'} {name}_"
        return [
            "",
            f"def {name}({name}_, carry):",
            f"    {over.variable} = {count}",
            f"    {several} = carry",
        ]

    def leave(self, over: Range, carried: Sequence[str], name: str) -> list[str]:
        several = f"({', '.join(carried)}{',' if len(carried) == 1 else ''})"
        if over.moves:  # a scan has one length
            loop = f"jax.lax.fori_loop(0, {over.length}, {name}, {several})"
            return [f"    return {several}", "", f"{several} = {loop}"]
        loop = f"jax.lax.scan({name}, {several}, jnp.arange({over.ends}))"
        return [f"    return {several}, None", "", f"{several}, _ = {loop}"]


def _of_library(call: Call, language: Language) -> str:
    """A function that the library has under NumPy's name. Raises GradError where it has none.

    What the function takes besides its operands may be called otherwise there.
    """
    name = numpys_own(call.op.forward)
    if name is None or call.static:
        raise GradError(
            f"`{call.op.name}` is not written for {language.title}",
            hint="--to numpy writes every operation",
            kind="bad-option",
        )
    return f"{language.xp}.{name}({{,}})"


class Python(Language):
    """Python alone, on nested lists."""

    name = PYTHON
    packs = False
    title = "Python"
    imports = ()
    serial = True
    like = ""

    def spelling(self, call: Call, site: Site) -> Spelling:
        op = call.op
        found = op.code.get(PYTHON)
        if isinstance(found, Spelling) and (op.copies or not op.elementwise):
            return found
        if found is None and op.lists is None:
            raise GradError(
                f"`{op.name}` is not written for {self.title}",
                hint="--to numpy writes every operation",
                kind="bad-option",
            )
        if op.elementwise:
            each, letters = self.helper(lists.each, "_each"), "abcdef"[: len(site.signature.shapes)]
            if isinstance(found, Spelling):
                value = found.template.format(*letters)
                value = _bare(value.replace(" ** ", "**"))  # as formatters have it
            else:
                value = f"{self.helper(op.lists, f'_{op.name}')}({', '.join(letters)})"  # type: ignore[arg-type]
            return Spelling(f"{each}(lambda {', '.join(letters)}: {value}, {{,}})")
        assert op.lists is not None
        static = dict(op.code[CALLED](site) if CALLED in op.code else call.static)
        own = {"shape": site.dims(site.shape)}
        own |= dict.fromkeys(("N", "stop"), site.size(site.shape[0]))
        if isinstance(number := site.signature.attrs.get("count"), Size):
            own["count"] = site.size(number)
        texts = {key: own.get(key, quoted(repr(value))) for key, value in static.items()}
        if CALLED in op.code:
            texts = {key: str(value) for key, value in static.items()}
        elif site.spans and "slices" in static:
            texts = {"region": self.region(site)}
        operands = ["{,}"] if site.signature.shapes else []
        arguments = ", ".join([*operands, *(f"{key}={text}" for key, text in texts.items())])
        return Spelling(f"{self.helper(op.lists, f'_{op.name}')}({arguments})")

    def region(self, site: Site) -> str:
        """What is taken of each axis: above two axes a single index drops its own."""
        parts = []
        for start, run, single, whole in site.spans:
            if whole:
                parts.append("slice(None)")
            else:
                parts.append(start if single and len(site.spans) > 2 else _slice(run))
        return _tuple(parts)

    def shape(self, name: str) -> str:
        return f"{self.helper(lists.shape, '_shape')}({name})"

    def rank(self, name: str) -> str:
        return f"len({self.shape(name)})"

    def made(self, kind: str, shape: str, like: str) -> str:
        function = lists.ones if kind == "ones" else lists.zeros
        return f"{self.helper(function, f'_{function.__name__}')}({shape})"

    def of_numbers(self, text: str, like: str) -> str:
        return text

    def scalar(self, name: str, like: str | None) -> str:
        return f"{name} if isinstance({name}, list) else [[{name}]]"

    def copied(self, name: str) -> str | None:
        return f"{self.helper(lists.each, '_each')}(lambda a: a, {name})"

    def filled(self, name: str, parts: Sequence[str], adds: bool, value: str) -> str:
        front = [part for part in parts if ":" not in part]
        rest = [part for part in parts if ":" in part]
        if parts[: len(front)] != front:
            front, rest = [], list(parts)
        target = name + "".join(f"[{part}]" for part in front)
        if rest:
            region = _tuple([_slice(part) if ":" in part else part for part in rest])
            put = self.helper(lists.put_in, "_put_in")
            return f"{target} = {put}({target}, {region}, {value}, adds={adds})"
        return f"{target} = {self.added(target, value) if adds else value}"

    def entry(self, name: str, parts: Sequence[str]) -> str:
        if any(":" in part for part in parts[:-1]):
            region = _tuple([_slice(part) if ":" in part else part for part in parts])
            return f"{self.helper(lists.part, '_part')}({name}, {region})"
        return name + "".join(f"[{part}]" for part in parts)

    def added(self, name: str, value: str) -> str:
        return f"{self.helper(lists.plus, '_plus')}({name}, {value})"

    def reshaped(self, text: str, shape: str) -> str:
        return f"{self.helper(lists.reshape, '_reshape')}({text}, ({shape}))"


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _bare(text: str) -> str:
    """A text without the brackets around all of it."""
    inner = text[1:-1]
    whole = text.startswith("(") and text.endswith(")")
    return inner if whole and "(" not in inner and ")" not in inner else text


def _slice(run: str) -> str:
    """A slice as an object."""
    ends = [end.strip() or "None" for end in run.split(":")]
    return "slice(None)" if set(ends) == {"None"} else f"slice({', '.join(ends)})"


LANGUAGES: dict[str, type[Language]] = {
    NUMPY: Language,
    TORCH: Torch,
    JAX: Jax,
    PYTHON: Python,
}
