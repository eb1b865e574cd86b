"""The parse table: compiled by lark from the grammar once, then kept like Python's bytecode.

Lark compiles `grammars/gradcli.lark` to LALR(1) tables. Importing lark and compiling takes longer
than all the rest of reading a model, so the tables are kept in the `__pycache__` folder beside this
file, or in the user's cache folder where that one can't be written, under the grammar's checksum.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from gradcli.record import Record

FORMAT = 5  # of the kept tables
CHECKSUM = 4  # bytes of it, before the rest


class Rule(Record):
    """A rule of the grammar, ready for the parser.

    `plan` says what becomes of each of the `size` symbols: 0 dropped, 1 handed to the action, 2 its
    list spread among the action's arguments, -1 (in between) a None for an absent optional part.
    `plan` is None where the only symbol's value is handed on as it is.
    """

    origin: str
    size: int
    action: str
    plan: tuple[int, ...] | None


class Table(Record):
    """LALR(1) tables: in `states`, a shift is its next state, a reduction by rule r is -r-1."""

    states: list[dict[str, int]]
    start: dict[str, int]
    end: dict[str, int]
    rules: list[Rule]
    terminals: list[tuple[str, str]]  # name and pattern, in the order in which they are tried
    keywords: dict[str, str]  # word -> terminal
    spelling: dict[str, str]  # terminal -> how a message names it


def grammar_path() -> Path:
    """The grammar: the packaged copy, or the one in the checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "grammars", package.parent / "grammars"):
        path = folder / "gradcli.lark"
        if path.is_file():
            return path
    raise FileNotFoundError("gradcli is not installed properly: grammars/gradcli.lark is missing")


@lru_cache(maxsize=1)
def load() -> Table:
    """The parse table, compiled only when no kept copy fits the grammar."""
    grammar = grammar_path().read_bytes()
    mark = f"{zlib.crc32(grammar):08x}-{len(grammar)}"
    name = f"gradcli.{sys.implementation.cache_tag}.{FORMAT}.{mark}.table"
    folders = list(_cache_folders())
    for folder in folders:
        data = _kept(folder / name)
        if data is not None:
            raw = marshal.loads(data)  # noqa: S302 - what _keep wrote, bit for bit
            return Table(*raw)._replace(rules=[Rule(*r) for r in raw[3]])
    table = compile_grammar(grammar.decode())
    if not sys.dont_write_bytecode:
        raw = *table[:3], [tuple(r) for r in table.rules], *table[4:]
        _keep(marshal.dumps(raw), folders, name)
    return table


def _cache_folders() -> Iterator[Path]:
    yield Path(__file__).parent / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    if not home.startswith("~"):  # there may be no home: `Path.expanduser` would raise
        yield Path(home) / "gradcli"


def _kept(path: Path) -> bytes | None:
    """A kept file's data, if its checksum is right."""
    try:
        mark, data = (raw := path.read_bytes())[:CHECKSUM], raw[CHECKSUM:]
    except OSError:
        return None
    return data if mark == _checksum(data) else None


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(CHECKSUM, "big")


def _keep(data: bytes, folders: list[Path], name: str) -> None:
    """Write the first file that can be. Written in part, it has a wrong checksum and no effect."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(_checksum(data) + data)
        except OSError:
            continue
        return


def compile_grammar(grammar: str, strict: bool = False) -> Table:
    """Lark's tables for the grammar. `strict` refuses any ambiguity (it needs `interegular`)."""
    from lark import Lark
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    lark = Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["model", "derivation"],
        maybe_placeholders=True,
        strict=strict,
    )
    parse_table: Any = lark.parser.parser._parse_table  # noqa: SLF001 - lark has no public way to its tables
    numbers = {rule: i for i, rule in enumerate(lark.rules)}
    states: list[dict[str, int]] = [{} for _ in parse_table.states]
    for state, actions in parse_table.states.items():
        for symbol, (action, value) in actions.items():
            states[state][symbol] = value if action is Shift else -numbers[value] - 1

    def width(terminal: Any) -> tuple[int, int, int]:
        pattern = terminal.pattern
        return -terminal.priority, -pattern.max_width, -len(pattern.value)

    keywords, terminals, spelling = {}, [], {}
    for terminal in sorted(lark.terminals, key=width):
        pattern = terminal.pattern
        if isinstance(pattern, PatternStr):
            spelling[terminal.name] = f"`{pattern.value}`"
            if pattern.value.isalpha():
                keywords[pattern.value] = terminal.name
                continue
        terminals.append((terminal.name, pattern.to_regexp()))
    return Table(
        states=states,
        start=dict(parse_table.start_states),
        end=dict(parse_table.end_states),
        rules=[_rule(rule) for rule in lark.rules],
        terminals=terminals,
        keywords=keywords,
        spelling=spelling,
    )


def _rule(rule: Any) -> Rule:
    origin = str(rule.origin.name)
    plan: list[int] = []
    # One flag a place, in the order of the rule as written: 1 stands for an absent optional part.
    flags = "".join(str(int(b)) for b in rule.options.empty_indices or ())
    absent = [len(ones) for ones in flags.split("0")] if flags else [0] * (len(rule.expansion) + 1)
    for symbol, missing in zip(rule.expansion, absent[:-1], strict=True):
        plan += [-1] * missing
        if symbol.is_term:
            plan.append(0 if symbol.filter_out else 1)
        else:
            plan.append(2 if symbol.name.startswith("_") else 1)
    plan += [-1] * absent[-1]
    passes_on = plan == [1] and rule.options.expand1 and rule.alias is None
    action = str(rule.alias or origin)
    return Rule(origin, len(rule.expansion), action, None if passes_on else tuple(plan))
