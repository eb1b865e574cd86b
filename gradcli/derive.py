"""Reverse mode, by the names that the rest of the package knows."""

from gradcli.ops.regions import Region
from gradcli.transform.reify import Row
from gradcli.transform.reverse import Derivation, derive, displayed, region_text, resolve_wrt
from gradcli.transform.vjp import COTANGENT, RESULT, Contribution, contribute

__all__ = [
    "COTANGENT",
    "RESULT",
    "Contribution",
    "Derivation",
    "Region",
    "Row",
    "contribute",
    "derive",
    "displayed",
    "region_text",
    "resolve_wrt",
]
