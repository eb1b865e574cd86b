"""einsum in NumPy modules: the same values, by a product of matrices where it is one."""

from __future__ import annotations

import numpy as np
import pytest
from emitting import agree, case, load

SHAPES = {"i": 2, "j": 3, "k": 4, "s": 2, "t": 3}
PRODUCTS = [
    "ik,kj->ij", "ki,kj->ij", "ki,jk->ij", "ik,kj->ji", "ki,jk->ji",
    "sik,skj->sij", "ski,skj->sij", "ski,sjk->sij", "sik,skj->sji", "ski,sjk->sji",
    "stik,stjk->stij", "stk,jk->stj", "stj,jk->stk", "sti,stj->ij", "sti,stj->ji", "ijk,ijk->ij",
]  # fmt: skip
UNTOLD = ["ij,jk", "jk,ij", "ik, jk", "ijs,sjk"]  # of which the result's axes are those alone
OTHERS = ["si,sj->sij", "ij,kj->kij", "skj,sik->isj", "stk,jk->sjt", "ijs,jk->ik", "ik,jk,kt->ijt"]


def model(subscripts: str) -> str:
    left = subscripts.replace(" ", "").partition("->")[0].split(",")
    shapes = [f"x{n}: [{', '.join(str(SHAPES[c]) for c in term)}]" for n, term in enumerate(left)]
    operands = ", ".join(f"x{n} + 1" for n in range(len(left)))
    return f'input {", ".join(shapes)}\ny = einsum("{subscripts}", {operands})\ngiven dL/dy\n'


@pytest.mark.parametrize("subscripts", [*PRODUCTS, *OTHERS, *UNTOLD])
def test_it_is_computed_as_the_evaluator_does(subscripts: str) -> None:
    made = case(model(subscripts))
    module = load(made.text)
    outputs, saved = module["forward"](**made.inputs)
    agree(outputs, made.outputs)
    agree(module["backward"](saved, **made.given), made.gradients)


@pytest.mark.parametrize("subscripts", PRODUCTS[:-1])
def test_a_product_of_matrices_is_one(subscripts: str) -> None:
    forward = case(model(subscripts)).text.partition("def backward")[0]
    assert "einsum" not in forward


@pytest.mark.parametrize("subscripts", PRODUCTS)
def test_single_precision_is_kept(subscripts: str) -> None:
    made = case(model(subscripts).replace(" + 1", ""))
    small = {name: np.asarray(value, np.float32) for name, value in made.inputs.items()}
    outputs, _ = load(made.text)["forward"](**small)
    assert outputs["y"].dtype == np.float32
