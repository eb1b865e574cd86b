"""What `import gradcli` offers: a model, its derivation, and the verdicts on one.

Nothing here loads NumPy before there is something to compute.
"""

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
