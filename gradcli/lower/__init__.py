"""AST to Program: names, shapes, definitions, unrolled time."""

from gradcli.lower.model import Options, lower

__all__ = ["Options", "lower"]
