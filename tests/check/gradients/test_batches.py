"""What the check relies on, proven for each operation straight from its table entry.

Forward functions take complex numbers and leading axes, and positions stay apart where `lanes` says
so.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases import Case, cases, signature

from gradcli.ops import TABLE

STEP = 1e-100
OPS = [op for op in TABLE.values() if op.operands]


def operands(case, seed):
    drawn = case.draw(seed)
    return [
        drawn[f"x{i}"] if isinstance(operand, tuple) else np.full((1, 1), float(operand))
        for i, operand in enumerate(case.operands)
    ]


def moving(case: Case):
    """The operands that a gradient may flow to."""
    return [i for i, o in enumerate(case.operands) if isinstance(o, tuple) and case.flows(i)]


def lifted(op, array, ranks, rank):
    """A batch of operands, with the axes in front that broadcasting needs."""
    missing = max(ranks) - rank if op.lifts else 0
    return array.reshape(array.shape[0], *(1,) * missing, *array.shape[1:])


@pytest.mark.parametrize("op", [op for op in OPS if op.complex_safe], ids=lambda op: op.name)
def test_complex_numbers_give_the_derivative(op):
    for case in cases(op):
        static = op.static(signature(case))
        values = operands(case, 3)
        weight = np.random.default_rng(4).normal(size=op.forward(*values, **static).shape)
        for k in moving(case):
            along = np.random.default_rng(5).normal(size=values[k].shape)

            def objective(step, k=k, along=along, values=values, weight=weight, static=static):
                moved = [v + step * along if i == k else v for i, v in enumerate(values)]
                return np.sum(op.forward(*moved, **static) * weight)

            exact = objective(1j * STEP).imag / STEP
            h = 1e-3
            near, far = objective(h) - objective(-h), objective(2 * h) - objective(-2 * h)
            expected = (8 * near - far) / (12 * h)
            assert exact == pytest.approx(expected, rel=1e-7, abs=1e-8), str(case)
            assert objective(0.0) == pytest.approx(objective(0j).real, rel=1e-12, abs=1e-13)


CONSTANT = [op for op in OPS if not op.differentiable and not op.surrogate]


@pytest.mark.parametrize("op", CONSTANT, ids=lambda op: op.name)
def test_what_has_no_derivative_ignores_imaginary_parts(op):
    for case in cases(op):
        static = op.static(signature(case))
        values = operands(case, 3)
        moved = [v + 1j * STEP for v in values]
        np.testing.assert_array_equal(op.forward(*moved, **static), op.forward(*values, **static))


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_a_leading_axis_is_entry_by_entry(op):
    for case in cases(op):
        static = op.static(signature(case))
        draws = [operands(case, seed) for seed in range(2)]
        ranks = [value.ndim for value in draws[0]]
        for batched in range(len(ranks)):
            mixed = [
                lifted(op, np.stack([draw[i] for draw in draws]), ranks, ranks[i])
                if i == batched
                else draws[0][i]
                for i in range(len(ranks))
            ]
            found = op.forward(*mixed, **static)
            for b, draw in enumerate(draws):
                alone = [draw[i] if i == batched else draws[0][i] for i in range(len(ranks))]
                np.testing.assert_allclose(
                    found[b], op.forward(*alone, **static), rtol=1e-12, err_msg=str(case)
                )


@pytest.mark.parametrize("op", [op for op in OPS if op.branches], ids=lambda op: op.name)
def test_branches_have_a_leading_axis_too(op):
    for case in cases(op):
        static = op.static(signature(case))
        draws = [operands(case, seed) for seed in range(3)]
        ranks = [value.ndim for value in draws[0]]
        stacked = [
            lifted(op, np.stack([draw[i] for draw in draws]), ranks, rank)
            for i, rank in enumerate(ranks)
        ]
        found = op.branches(*stacked, **static)
        for b, draw in enumerate(draws):
            expected = op.branches(*draw, **static)
            np.testing.assert_array_equal(found[b].reshape(np.shape(expected)), expected)


@pytest.mark.parametrize("op", [op for op in OPS if op.lanes], ids=lambda op: op.name)
def test_positions_stay_apart_where_the_table_says_so(op):
    kept = 0
    for case in cases(op):
        shapes = signature(case)
        static = op.static(shapes)
        values = operands(case, 3)
        base = op.forward(*values, **static)
        for axes in itertools.product(*([None, *range(-v.ndim, 0)] for v in values)):
            moving = [(v, axis) for v, axis in zip(values, axes, strict=True) if axis is not None]
            lengths = {v.shape[axis] for v, axis in moving}
            result = op.lanes(shapes, axes) if len(lengths) == 1 else None
            if result is None:
                continue
            assert {base.shape[result]} == lengths, str(case)
            kept += base.shape[result] > 1
            for lane in range(base.shape[result]):
                moved = [v.copy() for v in values]
                for value, axis in zip(moved, axes, strict=True):
                    if axis is not None:
                        np.moveaxis(value, axis, 0)[lane] += 0.01
                change = np.moveaxis(op.forward(*moved, **static) != base, result, 0)
                assert not np.delete(change, lane, axis=0).any(), f"{case}, {axes}"
    assert kept
