"""How operations on indices are written as code: templates like those of `coding`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gradcli.ops.coding import CALLED, JAX, NUMPY, TORCH, Site
from gradcli.ops.core import Spelling
from gradcli.sizes import POSTFIX, is_one

Written = Callable[[Site], Spelling]


def _whole(to: str, operand: str) -> str:
    """An index as whole numbers: `.astype(int)`, `.long()`."""
    return f"{operand}.long()" if to == TORCH else f"{operand}.astype(int)"


def _each(
    template: Callable[..., Spelling], targets: tuple[str, ...] = (NUMPY, TORCH, JAX)
) -> dict[str, Any]:
    """A template for each target."""
    return {to: partial(template, to=to) for to in targets}


def _tuple(*texts: str) -> str:
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def _column(site: Site, k: int) -> bool:
    shape = site.signature.shapes[k]
    return len(shape) == 2 and is_one(shape[1])


def _front(site: Site, k: int) -> tuple[str, ...]:
    """The axes in front of an operand, 1 where it has none."""
    return site.front if site.batched[k] else ("1",) * len(site.front)


def _entries(site: Site, k: int) -> str:
    """How many entries an operand has."""
    return site.size(site.signature.sizes.product(site.signature.shapes[k]))


def _wide(site: Site) -> str:
    """How many entries a row of a sum of rows has."""
    return site.size(site.signature.sizes.product(site.shape[1:]))


def _places(site: Site, to: str, k: int, *ends: str) -> str:
    """An index's numbers one after the other, behind the axes in front that it has."""
    shape = (*_front(site, k), _entries(site, k), *ends)
    inner = f"({shape[0]})" if len(shape) == 1 else _tuple(*shape)
    return f"{_whole(to, f'{{{k}}}')}.reshape{inner}"


def _rows(site: Site, to: str) -> Spelling:
    """C[i]: NumPy's own indexing, where the array is the same for all that is in front."""
    shape = site.dims(site.shape)
    if site.front and site.batched[0]:
        first = site.size(site.signature.shapes[0][0])
        flat = f"{{0}}.reshape{_tuple(*site.front, first, '-1')}"
        places = _places(site, to, 1, "1")
        if to == TORCH:
            taken = f"{{xp}}.take_along_dim({flat}, {places}, -2)"
        else:
            full = f"{{xp}}.broadcast_to({places}, {_tuple(*site.front, _entries(site, 1), '1')})"
            taken = f"{{xp}}.take_along_axis({flat}, {full}, axis=-2)"
        return Spelling(f"{taken}.reshape{shape}", POSTFIX, (POSTFIX, POSTFIX))
    places = _whole(to, "{1}") + ("[..., 0]" if _column(site, 1) else "")
    text = f"{{0}}[{places}]"
    if len(site.shape) < len(site.signature.shapes[1]) + 1 and not _column(site, 1):
        text += "[..., 0]"  # the numbers of a column
    return Spelling(text, POSTFIX, (POSTFIX, POSTFIX))


def _mask(site: Site, to: str, k: int) -> str:
    """Rows of 0 and 1, one for each number, with all that is in front."""
    count = site.size(site.signature.attrs["count"])
    wide = "{xp}.arange(" + count + (", device={like}.device)" if to == TORCH else ")")
    return _number(f"({_places(site, to, k, '1')} == {wide})", to)


def _number(text: str, to: str) -> str:
    """What holds truths or places, in the numbers' own type."""
    if to == JAX:  # a plain number gives way there
        return f"({text} * 1.0)"
    return f"{text}.to({{like}}.dtype)" if to == TORCH else f"{text}.astype({{like}})"


def _row_sums(site: Site, to: str) -> Spelling:
    """The library's own sums; with axes in front a product with rows of 0 and 1."""
    shape, count = site.dims(site.shape), site.size(site.signature.attrs["count"])
    flat = f"{{0}}.reshape{_tuple(*_front(site, 0), _entries(site, 1), '-1')}"
    if site.front:
        text = f'{{xp}}.einsum("...nv,...nd->...vd", {_mask(site, to, 1)}, {flat})'
    elif to == JAX:
        text = f"jax.ops.segment_sum({flat}, {_places(site, to, 1)}, {count})"
    else:
        zeros = f"{{0}}.new_zeros(({count}, {_wide(site)}))"
        text = f"{zeros}.index_add(0, {_places(site, to, 1)}, {flat})"
    return Spelling(f"{text}.reshape{shape}", POSTFIX, (POSTFIX, POSTFIX))


def _summed_up(site: Site) -> dict[str, str]:
    """What the forward function of a sum of rows is called with."""
    return {
        "ranks": repr(tuple(map(len, site.signature.shapes))),
        "count": site.size(site.signature.attrs["count"]),
        "shape": _tuple(*map(site.size, site.shape)),
    }


def _put_up(site: Site) -> dict[str, str]:
    return {"axis": str(_axis(site)), "count": site.size(site.signature.attrs["count"])}


def _axis(site: Site) -> int:
    return int(site.signature.attrs["axis"]) - site.rank


def _both(site: Site, to: str) -> tuple[str, str]:
    """An array and its numbers, with the same axes in front."""
    texts = []
    for k, text in enumerate(("{0}", _whole(to, "{1}"))):
        lacks = site.front and not site.batched[k]
        shape = site.dims(site.signature.shapes[k])
        texts.append(f"{{xp}}.broadcast_to({text}, {shape})" if lacks else text)
    return texts[0], texts[1]


def _picked(site: Site, to: str) -> Spelling:
    x, i = _both(site, to)
    if to == TORCH:
        return Spelling(f"{{xp}}.take_along_dim({x}, {i}, {_axis(site)})")
    return Spelling(f"{{xp}}.take_along_axis({x}, {i}, axis={_axis(site)})")


def _put_back(site: Site, to: str) -> Spelling:
    x, i = _both(site, to)
    axis, shape = _axis(site), site.dims(site.shape)
    if to == TORCH:
        text = f"{{0}}.new_zeros({shape}).scatter_add({axis}, {i}, {x})"
        return Spelling(text, POSTFIX, (POSTFIX, POSTFIX))
    count = site.size(site.signature.attrs["count"])
    mask = f"{{xp}}.moveaxis({i}, {axis}, -1)[..., None] == {{xp}}.arange({count})"
    moved = f"{{xp}}.moveaxis({x}, {axis}, -1)"
    text = f'{{xp}}.einsum("...n,...nv->...v", {moved}, {_number(f"({mask})", to)})'
    return Spelling(f"{{xp}}.moveaxis({text}, -1, {axis})", POSTFIX, (POSTFIX, POSTFIX))


def _onehot(site: Site, to: str) -> Spelling:
    text = _mask(site, to, 0)
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX, (POSTFIX,))


def chosen(name: str) -> dict[str, Any]:
    """argmax, argmin: the axis stays."""

    def template(site: Site, to: str) -> Spelling:
        words = "keepdim=True" if to == TORCH else "keepdims=True"
        axis = f"{_axis(site)}" if to == TORCH else f"axis={_axis(site)}"
        return Spelling(_number(f"{{xp}}.{name}({{0}}, {axis}, {words})", to), POSTFIX)

    return _each(template)


def ordered(name: str) -> dict[str, Any]:
    """Sort, or argsort; of equal entries the first goes first."""

    def template(site: Site, to: str) -> Spelling:
        if to == TORCH:
            text = f"{{xp}}.sort({{0}}, dim={_axis(site)}, stable=True)"
            text = f"{text}.values" if name == "sort" else _number(f"{text}.indices", to)
            return Spelling(text, POSTFIX)
        stable = 'kind="stable"' if to == NUMPY else "stable=True"
        text = f"{{xp}}.{name}({{0}}, axis={_axis(site)}, {stable})"
        return Spelling(text if name == "sort" else _number(text, to), POSTFIX)

    return _each(template)


def _largest(site: Site, to: str) -> Spelling:
    axis, count = _axis(site), site.size(site.signature.attrs["count"])
    if to == TORCH:
        order = f"{{xp}}.argsort({{xp}}.argsort(-{{0}}, dim={axis}, stable=True), dim={axis})"
        return Spelling(_number(f"({order} < {count})", to), POSTFIX, (POSTFIX,))
    stable = 'kind="stable"' if to == NUMPY else "stable=True"
    order = f"{{xp}}.argsort({{xp}}.argsort(-{{0}}, axis={axis}, {stable}), axis={axis})"
    return Spelling(_number(f"({order} < {count})", to), POSTFIX, (POSTFIX,))


rows, picked = _each(_rows), _each(_picked)
row_sums = {**_each(_row_sums, (TORCH, JAX)), CALLED: _summed_up}
put_back = {**_each(_put_back, (TORCH, JAX)), CALLED: _put_up}
onehot, largest = _each(_onehot), _each(_largest)
