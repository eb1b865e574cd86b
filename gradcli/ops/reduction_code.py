"""How reductions are written as code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.ops.axes import from_end
from gradcli.ops.coding import NUMPY, TORCH, Site
from gradcli.ops.core import Spelling
from gradcli.sizes import ATOM, POSTFIX


def method(name: str, torch: str = "", **others: Any) -> dict[str, Any]:
    """A method that reduces along axes and keeps them."""

    def numpy(site: Site) -> Spelling:
        return kept(site, f"{{0}}.{name}(axis={site.axes()}, keepdims=True)")

    def of_torch(site: Site) -> Spelling:
        return kept(site, f"{{0}}.{torch or name}(dim={site.axes()}, keepdim=True)")

    return {NUMPY: numpy, TORCH: of_torch, **others}


def kept(site: Site, template: str) -> Spelling:
    """A reduction that keeps its axes, as a scalar where all are gone: that has two axes."""
    if site.signature.attrs["axis"] is None and site.rank > 2:
        template += f"[..., {', '.join('0' * (site.rank - 2))}, :, :]"
    return Spelling(template, POSTFIX, (POSTFIX,))


def along(template: str, binding: int = ATOM, whole: bool = False) -> Callable[[Site], Spelling]:
    """A function that takes the axes of a reduction and keeps them. whole: the shape stays."""

    def of(site: Site) -> Spelling:
        text = template.replace("AXES", site.axes())
        return Spelling(text, binding, (POSTFIX,)) if whole else kept(site, text)

    return of


def in_torch(name: str) -> Callable[[Site], Spelling]:
    """A normalisation, which takes one axis there: over all, of the entries in a row."""

    def of(site: Site) -> Spelling:
        if site.signature.attrs["axis"] is not None:
            return Spelling(f"{{xp}}.{name}({{0}}, {site.axes()})")
        flat = f"{{0}}.flatten(-{site.rank})" if site.rank > 1 else "{0}"
        text = f"{{xp}}.{name}({flat}, -1).reshape({{0}}.shape)"
        return Spelling(text, POSTFIX, (POSTFIX,))

    return of


def one_by_one(method: str) -> Callable[[Site], Spelling]:
    """A reduction that takes one axis at a time."""

    def template(site: Site) -> Spelling:
        axes = from_end(site.signature.attrs["axis"], site.rank)
        return kept(site, "{0}" + "".join(f".{method}(dim={k}, keepdim=True)" for k in axes))

    return template


def spread(template: str) -> Callable[[Site], Spelling]:
    """A variance, which says how many entries less it divides by."""

    def of(site: Site) -> Spelling:
        ddof = str(site.signature.attrs["ddof"])
        return kept(site, template.replace("AXES", site.axes()).replace("DDOF", ddof))

    return of


FIRST_TORCH = (
    "{xp}.nn.functional.one_hot({xp}.ARG({0}, AXIS), {0}.shape[AXIS]).movedim(-1, AXIS)"
    ".to({0}.dtype)"
)


FIRST_JAX = "jax.nn.one_hot({xp}.ARG({0}, AXIS), {0}.shape[AXIS], dtype={0}.dtype, axis=AXIS)"


def first_of(arg: str, template: str, move: str) -> Callable[[Site], Spelling]:
    """A mask of the first entry that an argmax finds, along axes or among all.

    move: the library's function that puts axes elsewhere.
    """

    def of(site: Site) -> Spelling:
        text = template.replace("ARG", arg)
        axes = from_end(site.signature.attrs["axis"], site.rank)
        if len(axes) == 1:
            return Spelling(text.replace("AXIS", str(axes[0])), POSTFIX, (POSTFIX,))
        ends = tuple(range(-len(axes), 0))
        shape = site.signature.shapes[0]
        rest = tuple(size for k, size in enumerate(shape) if k - site.rank not in axes)
        moved = (*rest, *(shape[axis] for axis in axes))
        last = axes == ends
        inner = "{0}" if last else f"{{xp}}.{move}({{0}}, {axes}, {ends})"
        rows = ", ".join((*site.front, *map(site.size, rest), "-1"))
        flat = text.replace("{0}", f"{inner}.reshape(({rows},))").replace("AXIS", "-1")
        found = f"{flat}.reshape{site.dims(moved)}"
        if last:
            return Spelling(found, POSTFIX, (POSTFIX,))
        return Spelling(f"{{xp}}.{move}({found}, {ends}, {axes})", ATOM, (POSTFIX,))

    return of
