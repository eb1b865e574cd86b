"""How operations along an axis are written in PyTorch and JAX: templates like those of `coding`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.ops.coding import JAX, TORCH, Site
from gradcli.ops.core import Spelling
from gradcli.sizes import POSTFIX

Template = Callable[[Site], Spelling]


def _axis(site: Site) -> int:
    axis: int = site.signature.attrs["axis"]
    return axis - site.rank


def _postfix(text: str) -> Spelling:
    return Spelling(text, POSTFIX, (POSTFIX,))


def running(torch: str, jax: str) -> dict[str, Any]:
    """A running operation from AXIS; what runs from the end runs between two flips."""

    def turning(template: str, flip: str) -> Template:
        def of(site: Site) -> Spelling:
            text = template
            if site.signature.attrs["reverse"]:
                text = flip.replace("OF", template.replace("{0}", flip.replace("OF", "{0}")))
            return _postfix(text.replace("AXIS", str(_axis(site))))

        return of

    return {
        TORCH: turning(torch, "{xp}.flip(OF, (AXIS,))"),
        JAX: turning(jax, "{xp}.flip(OF, AXIS)"),
    }


def _both(template: Template) -> dict[str, Any]:
    return {TORCH: template, JAX: template}


def _scan_torch(site: Site) -> Spelling:
    k, reverse = _axis(site), site.signature.attrs["reverse"]
    order = "[::-1]" if reverse else ""
    pairs = f"zip(*(x.unbind({k}){order} for x in {{xp}}.broadcast_tensors({{0}}, {{1}})))"
    joined = "lambda p, q: (q[0], q[0] * p[1] + q[1])"
    states = f"[s for _, s in itertools.accumulate({pairs}, {joined})]"
    return _postfix(f"{{xp}}.stack({states}{order}, {k})")


def _scan_jax(site: Site) -> Spelling:
    reverse = bool(site.signature.attrs["reverse"])
    joined = "lambda p, q: (q[0] * p[0], q[0] * p[1] + q[1])"
    pair = "tuple({xp}.broadcast_arrays({0}, {1}))"
    axis = f"{{0}}.ndim - {-_axis(site)}" if site.batched[0] else f"{{1}}.ndim - {-_axis(site)}"
    return _postfix(
        f"jax.lax.associative_scan({joined}, {pair}, reverse={reverse}, axis={axis})[1]"
    )


def _turned(site: Site) -> Spelling:
    return _postfix(f"{{xp}}.roll({{0}}, {site.signature.attrs['shift']}, {_axis(site)})")


def _shifted(site: Site) -> Spelling:
    """Zeros and what stays, as one array; all of it where nothing stays."""
    by, behind = site.signature.attrs["by"], ", :" * (-_axis(site) - 1)
    if by == 0:
        return _postfix("{0}")
    zeros = f"{{xp}}.zeros_like({{0}}[..., :{abs(by)}{behind}])"
    left = f":{-by}" if by > 0 else f"{-by}:"
    parts = [zeros, f"{{0}}[..., {left}{behind}]"]
    if by < 0:
        parts.reverse()
    return _postfix(f"{{xp}}.concatenate(({', '.join(parts)}), {_axis(site)})")


def triangle(name: str) -> dict[str, Any]:
    return _both(lambda site: _postfix(f"{{xp}}.{name}({{0}}, {site.signature.attrs['k']})"))


flip = {
    TORCH: lambda site: _postfix(f"{{xp}}.flip({{0}}, ({_axis(site)},))"),
    JAX: lambda site: _postfix(f"{{xp}}.flip({{0}}, {_axis(site)})"),
}
roll = _both(_turned)
shift = _both(_shifted)
scan = {TORCH: _scan_torch, JAX: _scan_jax}
cumsum = running("{xp}.cumsum({0}, AXIS)", "{xp}.cumsum({0}, AXIS)")
cumprod = running("{xp}.cumprod({0}, AXIS)", "{xp}.cumprod({0}, AXIS)")
cummax = running(
    "{xp}.cummax({0}, AXIS).values",
    "jax.lax.associative_scan({xp}.maximum, {0}, axis={0}.ndim + AXIS)",
)
