"""What a command was asked for. It loads nothing, so that `--help` starts quickly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcli.record import Record


class Request(Record):
    """What a command was asked for: the shared options. data: a file, or arrays by name."""

    dims: Mapping[str, int] = {}
    data: Path | Mapping[str, Any] | None = None
    seed: int = 0
    layout: str | None = None
    wrt: Sequence[str] = ()
    accumulate: str = "auto"
    max_elements: int = 10**8
    compact: bool = False


class Besides(Record):
    """What is told of a derivation besides: the way to each compact line, what all costs, what the
    backward pass needs saved. memory: how many bytes may be saved; None for any number.
    """

    why: bool = False
    cost: bool = False
    saved: bool = False
    memory: int | None = None


NOTHING = Besides()

REVERSE, FORWARD, BOTH = "reverse", "forward", "both"  # the modes of a derivation
