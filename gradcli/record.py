"""Named tuples for what every command loads.

`typing.NamedTuple` compiles each annotation, and a constructor, when its class is made: a tenth of
what `gradcli derive` takes. A Record leaves annotations as text, and has the constructor of another
with as many fields, under its own names. A type checker sees no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from _collections import _tuplegetter
    from functools import cache
    from types import FunctionType

    @cache
    def _constructor(count: int) -> FunctionType:
        """The constructor of a tuple with so many entries."""
        entries = "".join([f"_{i}, " for i in range(count)])
        return eval(f"lambda _cls, {entries}: _new(_cls, ({entries}))", {"_new": tuple.__new__})  # noqa: S307

    class _Fields(type):
        """Gives a class that annotates its fields what a named tuple has."""

        def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            if space.get("_fields") == () or Record not in bases:
                return type.__new__(cls, name, bases, space)
            fields = tuple(space.get("__annotations__", ()))
            defaults = {field: space.pop(field) for field in fields if field in space}
            template = _constructor(len(fields))
            code = template.__code__.replace(co_varnames=("_cls", *fields), co_name="__new__")
            new = FunctionType(code, template.__globals__, "__new__", tuple(defaults.values()))
            getters = {field: _tuplegetter(i, "") for i, field in enumerate(fields)}
            own = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            own |= {"__slots__": (), "__new__": new, **getters}
            return type.__new__(cls, name, bases, space | own)

    class Record(tuple, metaclass=_Fields):
        """What named tuples share."""

        __slots__ = ()
        _fields = ()

        @classmethod
        def _make(cls, values: Any) -> Record:
            return tuple.__new__(cls, values)

        def _replace(self, **changed: Any) -> Record:
            found = self._make([changed.pop(k, v) for k, v in zip(self._fields, self, strict=True)])
            if changed:
                raise TypeError(f"no such fields: {', '.join(changed)}")
            return found

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            shown = [f"{k}={v!r}" for k, v in zip(self._fields, self, strict=True)]
            return f"{type(self).__name__}({', '.join(shown)})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)
