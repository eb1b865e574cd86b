"""How constants are written as code, and arrays in the precision of others."""

from __future__ import annotations

from typing import Any

from gradcli.ops.coding import JAX, NUMPY, TORCH, Site
from gradcli.ops.core import Spelling
from gradcli.sizes import POSTFIX


def filled(name: str) -> dict[str, Any]:
    return {
        NUMPY: lambda site: Spelling(f"{{xp}}.{name}({site.dims(site.shape)}, {{like}})"),
        TORCH: lambda site: Spelling(f"{{like}}.new_{name}({site.dims(site.shape)})"),
        JAX: lambda site: Spelling(f"{{xp}}.{name}({site.dims(site.shape)}, {{like}}.dtype)"),
    }


def identity(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}})")


def identity_of(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}}.dtype)")


def identity_like(site: Site) -> Spelling:
    text = f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}}.dtype"
    return Spelling(f"{text}, device={{like}}.device)")


def counted(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.arange({site.size(site.shape[0])}, dtype={{like}})[:, None]", POSTFIX)


def counted_like(site: Site) -> Spelling:
    kept = "dtype={like}.dtype, device={like}.device"
    return Spelling(f"{{xp}}.arange({site.size(site.shape[0])}, {kept})[:, None]", POSTFIX)


def counted_of(site: Site) -> Spelling:
    text = f"{{xp}}.arange({site.size(site.shape[0])}, dtype={{like}}.dtype)"
    return Spelling(f"{text}[:, None]", POSTFIX)


def literal(site: Site) -> Spelling:
    text = f"{{xp}}.array({_nested(site)}, {{like}})"
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX)


def literal_like(site: Site) -> Spelling:
    return Spelling(f"{{like}}.new_tensor({_nested(site)}).reshape{site.dims(site.shape)}", POSTFIX)


def literal_of(site: Site) -> Spelling:
    text = f"{{xp}}.array({_nested(site)}, {{like}}.dtype)"
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX)


def _nested(site: Site) -> str:
    def text(data: Any) -> str:
        if isinstance(data, tuple):
            return f"[{', '.join(map(text, data))}]"
        return repr(float(data)).replace("inf", "1e999").replace("nan", "(1e999 - 1e999)")

    return text(site.signature.attrs["data"])
