"""AST to Program: names, shapes, definitions, unrolled time."""

from gradcli.lower.draft import Options
from gradcli.lower.model import lower

__all__ = ["Options", "lower"]
