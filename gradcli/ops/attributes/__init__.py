"""The kinds of attributes: what an operation takes besides its operands. One entry a kind."""

from gradcli.ops.attributes import keywords, shapes, written
from gradcli.ops.attributes.kind import ATTRIBUTES

__all__ = ["ATTRIBUTES", "keywords", "shapes", "written"]
