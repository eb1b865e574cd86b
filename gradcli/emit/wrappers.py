"""What makes a module's two functions one differentiable function of its library."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.emit.layout import WIDTH
from gradcli.ops.coding import JAX, TORCH

Named = tuple[str, str]  # a model's name, and what it is called in the module

IN_JAX = """

@jax.custom_vjp
def model(inputs):
    \"\"\"The outputs by name, from a mapping of the inputs.\"\"\"
    return forward({inputs})[0]


def _forward(inputs):
    outputs, saved = forward({inputs})
    return outputs, (inputs, saved)


def _backward(kept, given):
    inputs, saved = kept
    grads = backward({given})
    shapes = {{name: jnp.shape(value) for name, value in inputs.items()}}
    return (
        {{
            name: jnp.reshape(grads[name], shape) if name in grads else None
            for name, shape in shapes.items()
        }},
    )


model.defvjp(_forward, _backward)"""

IN_TORCH = """

INPUTS = ({names})
OUTPUTS = ({results})


class Function(torch.autograd.Function):
    \"\"\"The model as one step of autograd: `apply` takes the inputs in their order.\"\"\"

    @staticmethod
    def forward(ctx, *inputs):
        \"\"\"The outputs, in their order.\"\"\"
        outputs, saved = _forward(inputs)
        ctx.inputs = inputs
        ctx.sizes = [one for one in saved if not torch.is_tensor(one)]
        ctx.save_for_backward(*(one for one in saved if torch.is_tensor(one)))
        return tuple(outputs[name] for name in OUTPUTS)

    @staticmethod
    def backward(ctx, *given):
        \"\"\"The gradients of the inputs, in their order.\"\"\"
        saved = (*ctx.saved_tensors, *ctx.sizes)
        if torch.is_grad_enabled():  # what is saved has its own derivatives then
            saved = _forward(ctx.inputs)[1]
        given = dict(zip(OUTPUTS, given, strict=True))
        grads = backward({given})
        return tuple(
            grads[name].reshape(one.shape) if name in grads else None
            for name, one in zip(INPUTS, ctx.inputs, strict=True)
        )


def _forward(inputs):
    inputs = dict(zip(INPUTS, inputs, strict=True))
    return forward({inputs})


def model(inputs):
    \"\"\"The outputs by name, from a mapping of the inputs.\"\"\"
    found = Function.apply(*(inputs[name] for name in INPUTS))
    return dict(zip(OUTPUTS, found, strict=True))"""


def wrapper(
    to: str, inputs: Sequence[Named], outputs: Sequence[str], given: Sequence[Named]
) -> list[str]:
    """The lines behind the two functions; none for NumPy."""
    template = {JAX: IN_JAX, TORCH: IN_TORCH}.get(to)
    if template is None:
        return []
    arguments = ["saved", *(f"{text}=given[{quoted(name)}]" for name, text in given)]
    return template.format(
        inputs=calling(inputs),
        given=broken(arguments, 4 if to == JAX else 8, "grads = backward("),
        names=listed([name for name, _ in inputs], "INPUTS"),
        results=listed(outputs, "OUTPUTS"),
    ).split("\n")


def calling(inputs: Sequence[Named]) -> str:
    """The inputs by their names; a mapping serves where none is called otherwise."""
    if all(name == text for name, text in inputs):
        return "**inputs"
    other = [name for name, text in inputs if name != text]
    if len(other) > 1 or len(inputs) > 3:
        pairs = ", ".join(f"{quoted(text)}: {quoted(name)}" for name, text in inputs)
        return f"**{{own: inputs[name] for own, name in {{{pairs}}}.items()}}"
    return ", ".join(f"{text}=inputs[{quoted(name)}]" for name, text in inputs)


def listed(names: Sequence[str], title: str) -> str:
    """The inside of a tuple of texts, a line each where one is too long."""
    texts = [quoted(name) for name in names]
    one = ", ".join(texts) + ("," if len(texts) == 1 else "")
    if len(one) + len(title) + 5 <= WIDTH:
        return one
    return "\n" + "".join(f"    {text},\n" for text in texts)


def broken(arguments: Sequence[str], indent: int, before: str) -> str:
    """The inside of a call, on a line of its own or a line each where one is too long."""
    one = ", ".join(arguments)
    if indent + len(before) + len(one) + 1 <= WIDTH:
        return one
    inner = " " * (indent + 4)
    if len(inner) + len(one) <= WIDTH:
        return f"\n{inner}{one}\n{' ' * indent}"
    return "\n" + "".join(f"{inner}{text},\n" for text in arguments) + " " * indent


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
