"""How convolutions and pools are written as code: templates like those of `coding`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from gradcli.ops.coding import CALLED, JAX, TORCH, Site
from gradcli.ops.core import Spelling
from gradcli.ops.windows import steps_of
from gradcli.sizes import ATOM, POSTFIX, Shape, Size

Written = Callable[[Site], Spelling]
TORCH_MAP, JAX_MAP = "{xp}.func.vmap", "jax.vmap"


def _kernel(site: Site) -> Shape:
    """The axes of a window."""
    s = site.signature
    dims = max(s.rank, len(site.shape)) - 2  # a column is unfolded, and folds back
    if "count" in s.attrs:
        return (s.attrs["count"],) * dims
    kernel: Shape = s.attrs.get("window") or s.shapes[1][2:]
    return kernel[:dims]


def _text(site: Site, value: Any) -> str:
    return site.size(value) if isinstance(value, Size) else str(value)


def called(site: Site) -> dict[str, str]:
    """The keyword arguments of forward functions."""
    s, kernel = site.signature, _kernel(site)
    stride, pad, dilation = map(site.size, steps_of(s, kernel[0]))
    found = {"dims": str(len(kernel)), "stride": stride, "pad": pad, "dilation": dilation}
    if "groups" in s.attrs:
        found["groups"] = _text(site, s.attrs["groups"])
    if "shape" in s.attrs:
        found["lengths"] = _listed(map(site.size, site.shape[2:]))
    if "extra" in s.attrs:
        extra = s.attrs["extra"]
        found["extra"] = str(extra if isinstance(extra, tuple) else (extra,) * (s.rank - 2))
    if "window" in s.attrs or "count" in s.attrs:
        found["kernel"] = _listed(map(site.size, kernel))
    return found


def _keywords(site: Site) -> str:
    stride, pad, dilation = map(site.size, steps_of(site.signature, _kernel(site)[0]))
    groups = _text(site, site.signature.attrs["groups"])
    names = {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups}
    if "extra" in site.signature.attrs:
        names["output_padding"] = str(site.signature.attrs["extra"])
    usual = {"output_padding": "0", "stride": "1", "padding": "0", "dilation": "1", "groups": "1"}
    return "".join(f", {k}={v}" for k, v in names.items() if v != usual[k])


def torch(kind: str) -> Written:
    """PyTorch's own convolution, or its transpose."""

    def template(site: Site) -> Spelling:
        name = f"{{xp}}.nn.functional.conv{kind}{site.rank - 2}d"
        return _mapped(site, TORCH_MAP, lambda a, b: f"{name}({a}, {b}{_keywords(site)})")

    return template


def torch_weight(site: Site) -> Spelling:
    name = f"{{xp}}.nn.grad.conv{site.rank - 2}d_weight"
    shape = _listed(map(site.size, site.shape))
    return _mapped(site, TORCH_MAP, lambda a, b: f"{name}({a}, {shape}, {b}{_keywords(site)})")


def _mapped(site: Site, mapping: str, text: Callable[..., str]) -> Spelling:
    """A function of a library that takes no axes in front, mapped over those that there are."""
    operands = [f"{{{k}}}" for k in range(len(site.signature.shapes))]
    if not site.front:
        return Spelling(text(*operands), ATOM, (POSTFIX,) * len(operands))
    names = ("_a", "_b")[: len(operands)]
    inner = f"lambda {', '.join(names)}: {text(*names)}"
    axes = tuple(0 if own else None for own in site.batched)
    for _ in site.front:
        inner = f"{mapping}({inner}, {axes})"
    return Spelling(f"{inner}({', '.join(operands)})")


def lax(site: Site) -> Spelling:
    """XLA's convolution."""
    return _mapped(site, JAX_MAP, lambda a, b: _lax(site, a, b))


def lax_transpose(site: Site) -> Spelling:
    """Its transpose, as JAX derives it."""

    def text(a: str, b: str) -> str:
        inner = _lax(site, "_v", b)
        return f"jax.linear_transpose(lambda _v: {inner}, {_struct(site)})({a})[0]"

    return _mapped(site, JAX_MAP, text)


def lax_weight(site: Site) -> Spelling:
    def text(a: str, b: str) -> str:
        inner = _lax(site, a, "_v")
        return f"jax.linear_transpose(lambda _v: {inner}, {_struct(site)})({b})[0]"

    return _mapped(site, JAX_MAP, text)


def _struct(site: Site) -> str:
    return f"{{xp}}.zeros({_listed(map(site.size, site.shape))}, {{like}}.dtype)"


def _lax(site: Site, a: str, b: str) -> str:
    dims = site.rank - 2
    stride, pad, dilation = map(site.size, steps_of(site.signature, _kernel(site)[0]))
    ends = _listed([f"({pad}, {pad})"] * dims)
    text = f"jax.lax.conv_general_dilated({a}, {b}, {_listed([stride] * dims)}, {ends}"
    if dilation != "1":
        text += f", rhs_dilation={_listed([dilation] * dims)}"
    groups = _text(site, site.signature.attrs["groups"])
    return text + (f", feature_group_count={groups})" if groups != "1" else ")")


def _listed(texts: Iterable[str]) -> str:
    found = list(texts)
    return f"({', '.join(found)}{',' if len(found) == 1 else ''})"


# ── pools ──


def _steps(site: Site) -> tuple[list[str], str, str, str]:
    """The window's axes, the stride, pad and the dilation, as code."""
    kernel = _kernel(site)
    stride, pad, dilation = map(site.size, steps_of(site.signature, kernel[0]))
    return [*map(site.size, kernel)], stride, pad, dilation


Pool = Callable[[Site, str], str]


def _torch_pool(kind: str, more: str = "") -> Pool:
    def text(site: Site, x: str) -> str:
        kernel, stride, pad, _ = _steps(site)
        name = f"{{xp}}.nn.functional.{kind}_pool{len(kernel)}d"
        return f"{name}({x}, {kernel[0]}, {stride}, {pad}{more})"

    return text


def _jax_pool(kind: str) -> Pool:
    begin = {"max": "-jax.numpy.inf, jax.lax.max", "avg": "0.0, jax.lax.add"}[kind]

    def text(site: Site, x: str) -> str:
        kernel, stride, pad, _ = _steps(site)
        dims = len(kernel)
        windows, steps = _listed(["1", "1", *kernel]), _listed(["1", "1", *[stride] * dims])
        ends = _listed(["(0, 0)", "(0, 0)", *[f"({pad}, {pad})"] * dims])
        found = f"jax.lax.reduce_window({x}, {begin}, {windows}, {steps}, {ends})"
        return found if kind == "max" else f"({found} / {' / '.join(kernel)})"

    return text


def _pooled(torch: Callable[..., str], jax: Callable[..., str]) -> dict[str, Any]:
    """A template for each target, of what is made of a library's own pool."""

    def template(mapping: str, text: Callable[..., str]) -> Written:
        return lambda site: _mapped(site, mapping, partial(text, site))

    return {CALLED: called, TORCH: template(TORCH_MAP, torch), JAX: template(JAX_MAP, jax)}


def _put_back(module: str, pool: Pool) -> Callable[..., str]:
    return lambda site, g, x: f"{module}.vjp(lambda _v: {pool(site, '_v')}, {x})[1]({g})[0]"


def _torch_taken(site: Site, v: str, x: str) -> str:
    dims = len(_kernel(site))
    places = _torch_pool("max", ", return_indices=True")(site, x)
    text = f"{{xp}}.take_along_dim({v}.flatten(-{dims}), {places}[1].flatten(-{dims}), -1)"
    return f"{text}.unflatten(-1, {_listed(map(site.size, site.shape[-dims:]))})"


def _jax_taken(site: Site, v: str, x: str) -> str:
    return f"jax.jvp(lambda _v: {_jax_pool('max')(site, '_v')}, ({x},), ({v},))[1]"


maxpool = _pooled(_torch_pool("max"), _jax_pool("max"))
avgpool = _pooled(_torch_pool("avg"), _jax_pool("avg"))
max_unpool = _pooled(_put_back("{xp}.func", _torch_pool("max")), _put_back("jax", _jax_pool("max")))
max_taken = _pooled(_torch_taken, _jax_taken)


# ── columns ──


def _torch_columns(name: str) -> Written:
    """PyTorch's own, which has two axes; of one the other has size 1."""

    def template(site: Site) -> Spelling:
        kernel, stride, pad, dilation = _steps(site)
        one = len(kernel) == 1
        words = [_listed([*kernel, "1"] if one else kernel)]
        if name == "fold":
            lengths = [*map(site.size, site.shape[2:])]
            words.insert(0, _listed([*lengths, "1"] if one else lengths))
        for key, n, other in (
            ("dilation", dilation, "1"),
            ("padding", pad, "0"),
            ("stride", stride, "1"),
        ):
            words.append(f"{key}={_listed([n, other] if one else [n, n])}")

        def text(x: str) -> str:
            x = f"{x}[..., None]" if one and name == "unfold" else x
            found = f"{{xp}}.nn.functional.{name}({x}, {', '.join(words)})"
            return f"{found}[..., 0]" if one and name == "fold" else found

        return _mapped(site, TORCH_MAP, text)

    return template


def _patches(site: Site, x: str, shape: Shape) -> str:
    kernel, stride, pad, dilation = _steps(site)
    dims = len(kernel)
    text = f"jax.lax.conv_general_dilated_patches({x}, {_listed(kernel)}, "
    text += f"{_listed([stride] * dims)}, {_listed([f'({pad}, {pad})'] * dims)}"
    text += f", rhs_dilation={_listed([dilation] * dims)})"
    return f"{text}.reshape({_listed(map(site.size, shape))})"


def _jax_unfold(site: Site) -> Spelling:
    return _mapped(site, JAX_MAP, lambda x: _patches(site, x, site.shape))


def _jax_fold(site: Site) -> Spelling:
    inner = _patches(site, "_v", site.signature.shapes[0])
    back = f"jax.linear_transpose(lambda _v: {inner}, {_struct(site)})"
    return _mapped(site, JAX_MAP, lambda x: f"{back}({x})[0]")


unfold = {CALLED: called, TORCH: _torch_columns("unfold"), JAX: _jax_unfold}
fold = {CALLED: called, TORCH: _torch_columns("fold"), JAX: _jax_fold}
