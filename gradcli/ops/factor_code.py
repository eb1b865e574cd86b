"""How factorisations are written as code: templates like those of `coding`.

For NumPy, what is more than a call is called by its forward function.
"""

from __future__ import annotations

from typing import Any

from gradcli.ops.coding import JAX, NUMPY, TORCH, Site, templates
from gradcli.ops.core import Spelling
from gradcli.sizes import POSTFIX

LIBRARIES = (TORCH, JAX)
HALF = "({0} + {0}.mT) / 2"


def _both(text: str) -> dict[str, Any]:
    """One template for PyTorch and JAX."""
    return {to: Spelling(text, POSTFIX, (POSTFIX,)) for to in LIBRARIES}


def _signed(found: str, result: str) -> dict[str, Any]:
    """Vectors with the sign of V's leading entries. found: what gives v, and other names, as a
    tuple; result: of these and of `e`, the signs.
    """
    size = {TORCH: "{xp}.amax(abs(v), -2, True)", JAX: "{xp}.max(abs(v), -2, keepdims=True)"}
    first = {
        TORCH: "{xp}.argmax((abs(v) >= SIZE / 2) * 1, -2, True)",
        JAX: "{xp}.argmax(abs(v) >= SIZE / 2, -2, keepdims=True)",
    }
    take = {TORCH: "{xp}.take_along_dim(v, FIRST, -2)", JAX: "{xp}.take_along_axis(v, FIRST, -2)"}
    made = {}
    for to in LIBRARIES:
        entry = take[to].replace("FIRST", first[to].replace("SIZE", size[to]))
        made[to] = Spelling(
            f"(lambda u, v: {result})(*{found})".replace("SIGNS", f"(1 - 2 * ({entry} < 0))"),
            POSTFIX,
        )
    return made


def _triangular(site: Site) -> Spelling:
    """NumPy and JAX: a general solution, of the triangle alone."""
    attrs = site.signature.attrs
    part = "{xp}.tril({0})" if attrs["lower"] else "{xp}.triu({0})"
    if attrs["trans"]:
        part = f"{{xp}}.swapaxes({part}, -1, -2)"
    return Spelling(f"{{xp}}.linalg.solve({part}, {{1}})")


def _triangular_torch(site: Site) -> Spelling:
    attrs = site.signature.attrs
    upper = not attrs["lower"]
    part = "{xp}.triu({0})" if upper else "{xp}.tril({0})"
    if attrs["trans"]:
        part, upper = f"{part}.mT", not upper
    return Spelling(f"{{xp}}.linalg.solve_triangular({part}, {{1}}, upper={upper})")


cholesky = {
    NUMPY: Spelling("{xp}.linalg.cholesky(({0} + {xp}.swapaxes({0}, -1, -2)) / 2)"),
    **_both(f"{{xp}}.linalg.cholesky({HALF})"),
}
inverse = {
    TORCH: Spelling(
        f"{{xp}}.cholesky_inverse({{xp}}.linalg.cholesky({HALF}))", POSTFIX, (POSTFIX,)
    ),
    JAX: Spelling(
        f"(lambda h: h.mT @ h)({{xp}}.linalg.inv({{xp}}.linalg.cholesky({HALF})))",
        POSTFIX,
        (POSTFIX,),
    ),
}
solve_triangular = {NUMPY: _triangular, TORCH: _triangular_torch}

_QR = "(lambda q, r: RESULT)(*{xp}.linalg.qr({0}))"
_SIGN = "(1 - 2 * ({xp}.diagonal(r, 0, -2, -1) < 0))"
qr_q = _both(_QR.replace("RESULT", f"q * {_SIGN}[..., None, :]"))
qr_r = _both(_QR.replace("RESULT", f"r * {_SIGN}[..., :, None]"))

_EIGH = f"{{xp}}.linalg.eigh({HALF})"
eigh_values = _both(f"{_EIGH}[0][..., None]")
eigh_vectors = _signed(_EIGH, "v * SIGNS")

_SVD = "{xp}.linalg.svd({0}, full_matrices=False)"
_PAIR = f"(lambda f: (f[0], f[2].mT))({_SVD})"
svd_u = _signed(_PAIR, "u * SIGNS")
svd_v = _signed(_PAIR, "v * SIGNS")
svd_s = _both(f"{_SVD}[1][..., None]")

expm = templates(torch="{xp}.linalg.matrix_exp({0})", jax="jax.scipy.linalg.expm({0})")
