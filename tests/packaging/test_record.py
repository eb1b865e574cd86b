"""A Record is what `typing.NamedTuple` makes of the same class."""

import pickle
from typing import NamedTuple

import pytest

from gradcli.record import Record


class Kept(Record):
    """Two fields."""

    first: "int"
    second: "no such type" = 2  # noqa: F722

    @property
    def both(self):
        return self.first + self.second


class Usual(NamedTuple):
    """Two fields."""

    first: int
    second: int = 2

    @property
    def both(self):
        return self.first + self.second


@pytest.mark.parametrize("kind", [Kept, Usual])
def test_what_both_do(kind):
    found = kind(1)
    assert found == (1, 2)
    assert found.both == 3
    assert found._replace(first=5)._asdict() == {"first": 5, "second": 2}
    assert repr(kind(second=3, first=4)) == f"{kind.__name__}(first=4, second=3)"
    assert (kind.__doc__, kind.__module__) == ("Two fields.", __name__)
    assert (kind._fields, kind._field_defaults) == (("first", "second"), {"second": 2})
    assert list(kind.__annotations__) == ["first", "second"]
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(AttributeError):
        found.third = 1


def test_it_is_pickled():
    assert pickle.loads(pickle.dumps(Kept(1)))._fields == Kept._fields
