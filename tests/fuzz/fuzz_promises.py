"""What every command promises, whatever its input: judged from what it wrote and left behind."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

from fuzz_run import Broken, Outcome, Play
from jsonschema import Draft202012Validator

from gradcli.errors import LONGEST_LINE, cells
from gradcli.foreign import UNSEEN
from gradcli.schema import schema_of

CODES = {"derive": (0, 2), "ops": (0, 2), "schema": (0, 2), "check": (0, 1, 2, 3)}
PLACE = re.compile(r"^(.+?):(\d+):(\d+): (error|note|wrong|unchecked|inconclusive)\b")
DEFECTS = ("gradcli itself failed", "Traceback", "Warning", "out of memory", "site-packages")
MOST_RECORDS = 4  # of each list of a document: the schema says the same of all, and takes its time


def expect(holds: Any, promise: str) -> None:
    if not holds:
        raise Broken(promise)


def kept_by_every_command(play: Play, found: Outcome) -> None:
    """Raises Broken for the first promise that is not kept."""
    for defect in DEFECTS:
        expect(defect not in found.errors, f"{defect!r} on standard error:\n{found.errors}")
    expect('"kind": "defect"' not in found.text, f"a defect:\n{found.text[:2000]}")
    expect(found.code in CODES.get(found.command, (0, 2)), f"exit code {found.code}")
    told = "rror: " in found.errors
    data = found.code == 2 and _as_data(found)
    expect(
        (told or data) == (found.code == 2), f"exit code {found.code} with\n{found.errors or '-'}"
    )
    if found.code == 2 and not data and not play.several:
        expect(not found.out, "wrong input, and output all the same")
    _text_is_plain(found)
    _places_are_within(play, found.errors)
    if data:
        _diagnostics_are_valid(play, found)
    if found.code != 2 and not _to_a_file(found) and "--help" not in found.options:
        _output_is_whole(play, found)
    _nothing_else_is_written(play, found)


def option(found: Outcome, *names: str) -> str | None:
    """The value of an option as a command got it: the last one counts."""
    at = [i for i, argument in enumerate(found.options[:-1]) if argument in names]
    return found.options[at[-1] + 1] if at else None


def form(found: Outcome) -> str:
    if "--json" in found.options:
        return "json"
    return option(found, "--format", "-f") or "table"


def _as_data(found: Outcome) -> bool:
    """Whether what is wrong is written for a program, in place of the output."""
    return form(found) in ("json", "ndjson", "sarif") and bool(found.out)


def _to_a_file(found: Outcome) -> str | None:
    return option(found, "-o", "--output")


def _text_is_plain(found: Outcome) -> None:
    """UTF-8 with nothing in it that steers a terminal or can't be seen."""
    for text in (found.errors, found.text):
        ends = {"\n", "\t", "\r"} if form(found) == "csv" else {"\n", "\t"}  # as RFC 4180 has it
        unseen = [c for c in set(text) - ends if unicodedata.category(c) in UNSEEN]
        expect(not unseen, f"characters {unseen} in\n{text[:2000]}")


# ── places ──


def _places_are_within(play: Play, text: str) -> None:
    """Each place is one of its source, and the caret stands under it."""
    lines = text.split("\n")
    for at, shown in enumerate(lines):
        found = PLACE.match(shown)
        if not found:
            continue
        name = "stdin" if found[1] == "<stdin>" else found[1]
        if name not in play.files:
            continue  # a note in the shape of a place: it stands in what the input says
        source = _lines(play.files[name])
        line, column = int(found[2]), int(found[3])
        expect(1 <= line <= len(source), f"a place outside the source: {shown}")
        expect(1 <= column <= len(source[line - 1]) + 1, f"a place outside its line: {shown}")
        if found[4] == "error":
            _caret(shown, source[line - 1], column, lines[at + 1 : at + 3])


def _caret(shown: str, source: str, column: int, below: list[str]) -> None:
    expect(len(below) == 2 and set(below[1].strip()) == {"^"}, f"no caret below {shown}")
    if len(source) > LONGEST_LINE:
        return  # what is cut has its own test
    before = below[1][: below[1].index("^")]
    wanted = sum(cells(c) for c in source[: column - 1])
    expect(len(before) == wanted, f"the caret of {shown} is in column {len(before) + 1}")


# ── output ──


def document(found: Outcome) -> Any:
    """The JSON of an outcome: strict, with no key twice. Raises Broken."""
    return _parsed(found.text)


def _parsed(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        expect(len(dict(pairs)) == len(pairs), "a key stands twice in an object")
        return dict(pairs)

    def constant(name: str) -> Any:
        raise Broken(f"{name} is not JSON")

    try:
        return json.loads(text, parse_constant=constant, object_pairs_hook=once)
    except ValueError as error:
        raise Broken(f"not JSON: {error}\n{text[:2000]}") from None


def _output_is_whole(play: Play, found: Outcome) -> None:
    expect(found.out.endswith(b"\n"), f"the output does not end with its line: {found.out[-80:]!r}")
    if form(found) == "python" or (found.command == "emit" and found.code == 0):
        _compiles(found.text)
    if form(found) == "html":
        _is_a_page(found.text)
    if form(found) == "svg":
        _parses(found.text)
    if form(found) == "ndjson":
        for line in play.random.sample(lines := found.text.splitlines(), min(len(lines), 8)):
            _valid("record", _parsed(line))
    elif form(found) == "sarif":
        expect(document(found)["version"] == "2.1.0", "not SARIF 2.1.0")
    elif form(found) == "json":
        whole = document(found)
        _valid(_kind(found), shortened(play, whole))
        if found.command == "check":
            codes = _codes_of(whole)
            expect(
                found.code in codes, f"exit code {found.code}, and the document calls for {codes}"
            )


def _compiles(text: str) -> None:
    try:
        compile(text, "model.py", "exec")
    except SyntaxError as error:
        raise Broken(f"not Python: {error}") from None


def _parses(text: str) -> None:
    try:
        ET.fromstring(text)
    except ET.ParseError as error:
        raise Broken(f"not XML: {error}") from None


def _is_a_page(text: str) -> None:
    """A page whose parts end where they should, and in which no script runs but its own."""
    page = _Page()
    page.feed(text)
    page.close()
    expect(not page.open and not page.wrong, f"parts of the page: {page.wrong or page.open}")
    expect(page.scripts <= 1, f"{page.scripts} scripts in a page")


class _Page(HTMLParser):
    """The parts of a page that are open, and what does not fit them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.wrong += [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "link", "br", "hr", "img", "input", "col", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def _diagnostics_are_valid(play: Play, found: Outcome) -> None:
    if form(found) == "sarif":
        expect(document(found)["runs"][0]["results"], "no result says what is wrong")
        return
    if form(found) == "ndjson":
        records = [_parsed(line) for line in found.text.splitlines()]
        _valid("record", records[0])
    else:
        whole = document(found)
        several = "results" in whole
        _valid("check" if several else "diagnostics", shortened(play, whole))
        records = whole["diagnostics"]
    for record in records:
        _place_is_within(play, record)


def _place_is_within(play: Play, record: dict[str, Any]) -> None:
    name = "stdin" if record.get("file") == "<stdin>" else record.get("file")
    if record.get("line") is None or name not in play.files:
        return
    lines = _lines(play.files[name])
    expect(1 <= record["line"] <= record["end_line"] <= len(lines), f"a place outside: {record}")
    inside = 1 <= record["column"] <= len(lines[record["line"] - 1]) + 1
    expect(inside, f"a place outside its line: {record}")


def _lines(raw: bytes) -> list[str]:
    """A source's lines, in the form in which places count its characters."""
    text = unicodedata.normalize("NFC", raw.decode("utf-8-sig", "replace"))
    return re.split(r"\r\n|\r|\n", text)


def _kind(found: Outcome) -> str:
    against = option(found, "--against")
    person = against is not None and not against.endswith((".npz", ".json"))
    return "against" if person else {"hvp": "derive"}.get(found.command, found.command)


def _codes_of(whole: dict[str, Any]) -> tuple[int, ...]:
    """The exit codes that a check's document allows."""
    records = whole["lines"] if "lines" in whole else whole["models"]
    verdicts = {record["verdict"] for record in records}
    if verdicts & {"wrong", "fail"}:
        return (1,)
    if "lines" not in whole:
        return (0,) if whole["ok"] else (3,)
    return (0, 3) if whole["ok"] else (1, 3)  # 3: a line is unchecked, 1: one is lacking


def shortened(play: Play, whole: dict[str, Any]) -> dict[str, Any]:
    """A document with a few records of each list, which the schema judges one like the other."""

    def few(part: Any) -> Any:
        if isinstance(part, list) and len(part) > MOST_RECORDS:
            return play.random.sample(part, MOST_RECORDS)
        if isinstance(part, dict) and len(part) > MOST_RECORDS:
            return {key: part[key] for key in play.random.sample(list(part), MOST_RECORDS)}
        return part

    return {key: few(part) for key, part in whole.items()}


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name))


def _valid(name: str, whole: Any) -> None:
    error = next(_validator(name).iter_errors(whole), None)
    if error is not None:
        raise Broken(f"not valid against the schema of {name}: {error.message[:1000]}")


# ── files ──


def _nothing_else_is_written(play: Play, found: Outcome) -> None:
    """The files of the case are as they were, and only what -o names is new."""
    output = _to_a_file(found)
    for path in play.folder.iterdir():
        if path.name in play.files:
            same = path.name == output or path.read_bytes() == play.files[path.name]
            expect(same, f"{path.name} was written to")
        else:
            expect(
                path.name == output and (found.code != 2 or play.several),
                f"{path.name} was left behind",
            )
            path.unlink()
