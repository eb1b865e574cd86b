"""Emitted PyTorch and JAX modules against the libraries' own derivatives of the same forward pass.

    OMP_NUM_THREADS=1 python benchmarks/emit_libraries.py [torch] [jax]

Medians of interleaved runs, forward and backward, on the CPU with one thread; and with PyTorch the
bytes that are saved between both passes, each storage once, without the inputs'.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from emit import load, medians

import gradcli

MODELS = {
    "attention, N = 512, D = 64": (
        """
dim N = 512, D = 64
input q: [N, D], k: [N, D], v: [N, D]
y = softmax(q @ k.T / sqrt(D), axis=1) @ v
given dL/dy
""",
        {"q": (512, 64), "k": (512, 64), "v": (512, 64)},
        (512, 64),
    ),
    "LayerNorm, 1024 x 1024": (
        """
dim N = 1024, D = 1024
input x: [N, D]
param gain: [1, D], bias: [1, D]
centred = x - mean(x, axis=1)
y = centred / sqrt(mean(centred * centred, axis=1) + 1e-5) * gain + bias
given dL/dy
""",
        {"x": (1024, 1024), "gain": (1, 1024), "bias": (1, 1024)},
        (1024, 1024),
    ),
}


def in_torch(text: str, inputs: dict[str, Any], given: Any) -> str:
    import torch

    torch.set_num_threads(1)
    module = load(gradcli.parse(text, "model.eq").emit("torch", max_elements=10**9).text)
    tensors = {name: torch.tensor(value).requires_grad_() for name, value in inputs.items()}
    arriving = torch.tensor(given)

    def plain(tensors: dict[str, Any]) -> Any:
        if "q" in tensors:
            weights = torch.softmax(tensors["q"] @ tensors["k"].T / 8.0, dim=1)
            return weights @ tensors["v"]
        x = tensors["x"]
        centred = x - x.mean(1, keepdim=True)
        spread = torch.sqrt((centred * centred).mean(1, keepdim=True) + 1e-5)
        return centred / spread * tensors["gain"] + tensors["bias"]

    def both(forward: Callable[[dict[str, Any]], Any]) -> Any:
        return torch.autograd.grad(forward(tensors), list(tensors.values()), arriving)

    def emitted(tensors: dict[str, Any]) -> Any:
        return module["model"](tensors)["y"]

    def saved(forward: Callable[[dict[str, Any]], Any]) -> int:
        found: dict[int, int] = {}

        def pack(tensor: Any) -> Any:
            storage = tensor.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            kept = forward(tensors)
        own = {one.untyped_storage().data_ptr() for one in tensors.values()}
        del kept
        return sum(size for place, size in found.items() if place not in own)

    for one, other in zip(both(emitted), both(plain), strict=True):
        torch.testing.assert_close(one, other)
    mine, autograd = medians([partial(both, emitted), partial(both, plain)], 10)
    return (
        f"{mine * 1e3:.1f} ms, {mine / autograd:.2f} of autograd; "
        f"saved {saved(emitted)} bytes, autograd {saved(plain)}"
    )


def in_jax(text: str, inputs: dict[str, Any], given: Any) -> str:
    import jax

    jax.config.update("jax_enable_x64", True)
    module = load(gradcli.parse(text, "model.eq").emit("jax", max_elements=10**9).text)

    def plain(inputs: dict[str, Any]) -> Any:
        if "q" in inputs:
            return jax.nn.softmax(inputs["q"] @ inputs["k"].T / 8.0, axis=1) @ inputs["v"]
        x = inputs["x"]
        centred = x - x.mean(1, keepdims=True)
        spread = jax.numpy.sqrt((centred * centred).mean(1, keepdims=True) + 1e-5)
        return centred / spread * inputs["gain"] + inputs["bias"]

    def emitted(inputs: dict[str, Any]) -> Any:
        return module["model"](inputs)["y"]

    def gradient(forward: Callable[[dict[str, Any]], Any]) -> Any:
        compiled = jax.jit(jax.grad(lambda inputs: (forward(inputs) * given).sum()))
        return lambda: jax.block_until_ready(compiled(inputs))

    mine, own = gradient(emitted), gradient(plain)
    for name, value in own().items():
        np.testing.assert_allclose(mine()[name], value, rtol=1e-6, atol=1e-9)
    one, other = medians([mine, own], 10)
    return f"{one * 1e3:.1f} ms, {one / other:.2f} of jax.grad under jit"


def main() -> None:
    rng = np.random.default_rng(0)
    wanted = sys.argv[1:] or ["torch", "jax"]
    for name, (text, shapes, shape) in MODELS.items():
        inputs = {key: rng.normal(size=size) for key, size in shapes.items()}
        given = rng.normal(size=shape)
        for library, measured in (("torch", in_torch), ("jax", in_jax)):
            if library in wanted:
                print(f"{name}, {library}: {measured(text, inputs, given)}", flush=True)


if __name__ == "__main__":
    main()
