"""The complex step beside values that are not finite, which must spoil no other derivative."""

from __future__ import annotations

import numpy as np

from gradcli.interpret import value
from gradcli.ops.core import Array
from gradcli.program import Step


def beside_infinity(step: Step, operands: list[Array], result: Array, base: Array) -> Array:
    """A complex result whose real values are not all finite, with the imaginary parts it must have.

    NumPy's products of complex numbers add inf * 0 to the imaginary part, which makes it nan. What
    does not move stays the real number that it was; and what is linear in the operands that move
    has the imaginary part that it makes of theirs.

    base: the result without a move.
    """
    op = step.call.op
    moving = [i for i, a in enumerate(operands) if np.iscomplexobj(a)]
    imag = result.imag.copy()
    if op.elementwise:
        still = ~np.any(np.broadcast_arrays(*(operands[i].imag != 0 for i in moving)), axis=0)
        imag[np.broadcast_to(still, imag.shape)] = 0
    groups = op.linear_groups(len(operands))
    group = next((group for group in groups if set(moving) <= set(group)), None)
    if group is not None:
        parts = [a.imag if i in group else a for i, a in enumerate(operands)]
        alone = value(step, parts)
        imag = np.where(np.isnan(imag), alone, imag)
    found = np.empty_like(result)
    found.real = base
    found.imag = imag
    return found
