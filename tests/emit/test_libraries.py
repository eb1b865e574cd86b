"""`gradcli emit --to torch` and `--to jax`, beside the evaluator, where the libraries are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import cases
from emitting import EXAMPLES, Case, agree, case, load
from test_numpy import LOOPS, looped, many
from test_stacking import ATTENTION, MODELS, SEQUENCE

from gradcli.errors import GradError
from gradcli.ops import TABLE, Op

os.environ.setdefault("JAX_PLATFORMS", "cpu")
TARGETS = ("torch", "jax")
# What PyTorch's own modules do when they are first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit")


def arrays(to: str, values: dict[str, Any]) -> dict[str, Any]:
    if to == "torch":
        torch = pytest.importorskip("torch")
        return {name: torch.as_tensor(value, dtype=torch.float64) for name, value in values.items()}
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return {name: jax.numpy.asarray(value) for name, value in values.items()}


def run(made: Case, to: str) -> None:
    module = load(made.text)
    outputs, saved = module["forward"](**arrays(to, made.inputs))
    gradients = module["backward"](saved, **arrays(to, made.given))
    agree({k: np.asarray(v) for k, v in outputs.items()}, made.outputs)
    agree({k: np.asarray(v) for k, v in gradients.items()}, made.gradients)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_computes_what_the_evaluator_does(path: Path, to: str) -> None:
    pytest.importorskip(to)
    run(case(path.read_text(encoding="utf-8"), str(path), to=to), to)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_computes_what_its_iterations_do(name: str, to: str) -> None:
    pytest.importorskip(to)
    run(case(LOOPS[name], to=to), to)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_of_the_table(op: Op, to: str) -> None:
    """Alone and in a loop; what a target lacks is refused in words."""
    pytest.importorskip(to)
    some = cases(op)
    for one in some[:: max(1, len(some) // 3)]:
        try:
            run(case(one.model, data=one.draw(1), to=to), to)
            if one.names:
                run(case(looped(one), data=many(one), to=to), to)
        except GradError as error:
            pytest.skip(str(error).splitlines()[0])


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize(
    "expression",
    [
        "tril(x, k=-1)", "triu(x, k=1)", "flip(x, axis=1)", "roll(x, shift=2, axis=1)",
        "shift(x, by=2)", "shift(x, by=-9, axis=1)", "cumsum(x, axis=1)", "cumsum(x, reverse=1)",
        "cumprod(x)", "cummax(x, axis=1, reverse=1)", "scan(x, x, axis=1)", "scan(x, x, reverse=1)",
    ],
)  # fmt: skip
def test_what_an_operation_takes_beside_its_operands_is_written(expression: str, to: str) -> None:
    pytest.importorskip(to)
    made = case(f"input x: [3, 4]\nz = {expression}\ngiven dL/dz\n", to=to)
    assert "z" in made.text
    run(made, to)


def held(run: Any, inputs: dict[str, Any]) -> int:
    """The bytes of what autograd saves in a run, each storage once, without the inputs'."""
    import torch

    found: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = run()
    own = {one.untyped_storage().data_ptr() for one in inputs.values()}
    del kept
    return sum(size for place, size in found.items() if place not in own)


@pytest.mark.parametrize(
    "text",
    [
        *(path.read_text(encoding="utf-8") for path in EXAMPLES),
        *(LOOPS[name] for name in ("one after the other", "two deep", "a moving slice")),
        SEQUENCE,
        ATTENTION,
    ],
)
def test_no_more_is_saved_than_autograd_saves(text: str) -> None:
    """Of the emitted forward pass as it stands, differentiated by autograd alone."""
    pytest.importorskip("torch")
    made = case(text, to="torch")
    module = load(made.text)
    inputs = arrays("torch", made.inputs)
    for one in inputs.values():
        one.requires_grad_()
    mine = held(lambda: module["model"](inputs), inputs)
    theirs = held(lambda: module["forward"](**inputs), inputs)
    assert mine <= theirs


@pytest.mark.parametrize("name", ["one after the other", "two deep", "a moving slice"])
def test_pytorch_differentiates_the_gradients_in_their_turn(name: str) -> None:
    torch = pytest.importorskip("torch")
    made = case(LOOPS[name], to="torch")
    module = load(made.text)
    inputs = tuple(one.requires_grad_() for one in arrays("torch", made.inputs).values())
    assert torch.autograd.gradcheck(module["Function"].apply, inputs)
    assert torch.autograd.gradgradcheck(module["Function"].apply, inputs)


@pytest.mark.parametrize("text", [SEQUENCE, ATTENTION, *MODELS.values()])
def test_stacked_products_are_differentiated_twice(text: str) -> None:
    torch = pytest.importorskip("torch")
    made = case(text, to="torch")
    module = load(made.text)
    found = arrays("torch", made.inputs)
    inputs = tuple(one.requires_grad_(name in made.gradients) for name, one in found.items())
    assert torch.autograd.gradcheck(module["Function"].apply, inputs)
    if text is not SEQUENCE:  # of which each entry would take a minute
        assert torch.autograd.gradgradcheck(module["Function"].apply, inputs)


STOPPED = "input x: [3]\ny = stop(x^2) * x\ngiven dL/dy\n"


def test_what_is_stopped_has_no_second_derivative_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    module = load(case(STOPPED, to="torch").text)
    x = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64, requires_grad=True)
    y = module["forward"](x=x)[0]["y"]
    (own,) = torch.autograd.grad(y.sum(), x)
    assert own.tolist() == [[1.0], [4.0], [9.0]]
    (first,) = torch.autograd.grad(module["model"]({"x": x})["y"].sum(), x, create_graph=True)
    assert not first.requires_grad or not torch.autograd.grad(first.sum(), x)[0].any()


def test_what_is_stopped_has_no_gradient_in_jax() -> None:
    jax = pytest.importorskip("jax")
    module = load(case(STOPPED, to="jax").text)
    x = jax.numpy.array([[1.0], [2.0], [3.0]])
    own = jax.grad(lambda x: module["forward"](x=x)[0]["y"].sum())(x)
    assert own.tolist() == [[1.0], [4.0], [9.0]]


@pytest.mark.parametrize("name", ["one after the other", "a grid", "a triangle"])
def test_jax_compiles_and_batches(name: str) -> None:
    jax = pytest.importorskip("jax")
    made = case(LOOPS[name], to="jax")
    module = load(made.text)
    inputs = arrays("jax", made.inputs)

    def loss(inputs: Any) -> Any:
        return module["model"](inputs)["L"].sum()

    agree(jax.jit(jax.grad(loss))(inputs), made.gradients)
    many = {key: jax.numpy.stack([value, 2 * value]) for key, value in inputs.items()}
    found = jax.vmap(jax.grad(loss))(many)
    for key, value in jax.grad(loss)({k: 2 * v for k, v in inputs.items()}).items():
        np.testing.assert_allclose(found[key][1], value, rtol=1e-10, atol=1e-12)


SHARDED = """
import os, sys
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
import jax, jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
jax.config.update("jax_enable_x64", True)
scope = {}
exec(compile(open(sys.argv[1]).read(), "m", "exec"), scope)
mesh = Mesh(jax.devices(), ("batch",))
split = NamedSharding(mesh, PartitionSpec("batch"))
everywhere = NamedSharding(mesh, PartitionSpec())
draw = lambda i, *shape: jax.random.normal(jax.random.key(i), shape)
params = {"W": draw(0, 3, 2), "U": draw(1, 3, 3), "V": draw(2, 1, 3)}
batch = {"x": draw(3, 16, 5, 2, 1), "h_start": draw(4, 16, 3, 1)}
def loss(params, batch):
    return jax.vmap(lambda one: scope["model"]({**params, **one})["L"])(batch).sum()
alone = jax.grad(loss)(params, batch)
found = jax.jit(jax.grad(loss))(
    jax.device_put(params, everywhere), jax.device_put(batch, split)
)
assert len(jax.devices()) == 8
for name, value in alone.items():
    assert jnp.allclose(found[name], value, rtol=1e-10), name
print("same")
"""


def test_a_batch_over_eight_devices_has_the_same_gradients(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    made = case(LOOPS["one after the other"], to="jax")
    (tmp_path / "rnn.py").write_text(made.text, encoding="utf-8")
    command = [sys.executable, "-c", SHARDED, str(tmp_path / "rnn.py")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout == "same\n", found.stderr
