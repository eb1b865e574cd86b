"""Reverse mode, by the names that the rest of the package knows."""

from gradcli.ops.regions import Region
from gradcli.transform.reify import OWN, Row
from gradcli.transform.reverse import Derivation, derive, displayed, region_text, resolve_wrt
from gradcli.transform.vjp import COTANGENT, RESULT, Contribution, Own, contribute

__all__ = [
    "COTANGENT",
    "OWN",
    "RESULT",
    "Contribution",
    "Derivation",
    "Own",
    "Region",
    "Row",
    "contribute",
    "derive",
    "displayed",
    "region_text",
    "resolve_wrt",
]
