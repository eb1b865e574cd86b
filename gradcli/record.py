"""Named tuples for what every command loads.

`typing.NamedTuple` compiles each annotation when its class is made, which is most of what such a
class costs at start-up; a Record leaves them as text. A type checker sees no difference.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:

    class Fields(type):
        """Makes a named tuple of a class that annotates its fields."""

        def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            fields = space.pop("__annotations__", {})
            defaults = [space.pop(field) for field in fields if field in space]
            module = space.pop("__module__")
            made = namedtuple(name, fields, defaults=defaults, module=module)  # noqa: PYI024
            made.__annotations__ = fields
            for key, value in space.items():
                setattr(made, key, value)
            return made

    Record = type.__new__(Fields, "Record", (), {})
