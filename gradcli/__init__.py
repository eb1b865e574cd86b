r"""gradcli derives gradients as a person does on paper, step by step, and checks them.

>>> import gradcli
>>> model = gradcli.parse("param w: [2] = [1, 2]\nloss L = sum(w^2)")
>>> model.derive().gradients["w"].tolist()
[[2.0, 4.0]]
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing takes long to load, and until then no interrupt is silent

if TYPE_CHECKING:
    from gradcli.api import *
    from gradcli.version import __version__ as __version__

__all__ = [
    "Check",
    "Derivation",
    "Equation",
    "GradError",
    "Graph",
    "Hessian",
    "Jacobian",
    "Line",
    "Missing",
    "Model",
    "Path",
    "Paths",
    "Result",
    "Review",
    "Step",
    "Tangent",
    "load",
    "parse",
]


if not TYPE_CHECKING:  # for a type checker, a name that is not there is an error

    def __getattr__(name: str) -> object:
        """What is named above, loaded when it is first asked for, so that importing stays cheap."""
        if name == "__version__":
            from gradcli.version import __version__

            return __version__
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gradcli import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        return sorted([*globals(), "__version__", *__all__])
