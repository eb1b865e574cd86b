"""What `import gradcli` offers: a model, its derivation, and the verdicts on one.

Each name is loaded when it is first asked for, and none loads NumPy before there is something
to compute.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcli.api.derivation import Derivation, Equation, Step, Tangent
    from gradcli.api.model import Model, load, parse
    from gradcli.api.verdicts import Check, Result, Review
    from gradcli.api.views import Graph, Hessian, Jacobian, Path, Paths
    from gradcli.check.derivation.findings import Missing
    from gradcli.check.derivation.findings import Verdict as Line
    from gradcli.errors import GradError

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

# The modules that they are in, and their names there.
HOMES = {
    "gradcli.api.derivation": ("Derivation", "Equation", "Step", "Tangent"),
    "gradcli.api.model": ("Model", "load", "parse"),
    "gradcli.api.verdicts": ("Check", "Line", "Missing", "Result", "Review"),
    "gradcli.api.views": ("Graph", "Hessian", "Jacobian", "Path", "Paths"),
    "gradcli.errors": ("GradError",),
}

if not TYPE_CHECKING:  # for a type checker, a name that is not there is an error

    def __getattr__(name: str) -> object:
        for home, names in HOMES.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
