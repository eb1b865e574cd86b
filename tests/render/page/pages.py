"""What the tests of the pages share."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from gradcli.api.model import load, parse
from gradcli.session import Session

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.eq"))
VOID = {"meta", "input", "rect", "path", "mspace", "br"}


class Page(HTMLParser):
    """A page as it was written: its elements by their ids, its links, its text; all closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: dict[str, dict[str, str]] = {}
        self.items: list[dict[str, str]] = []
        self.links: list[str] = []
        self.tags: dict[str, int] = {}
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if "id" in found:
            assert found["id"] not in self.ids, found["id"]
            self.ids[found["id"]] = found
        if tag == "li":
            self.items.append(found)
        if tag == "a":
            self.links.append(found["href"])
        assert not {"src", "srcset", "style"} & found.keys()
        assert not any(key.startswith("on") for key in found)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def of(self, kind: str) -> list[dict[str, str]]:
        return [item for item in self.items if kind in item.get("class", "").split()]


def session(model: str | Path, **options: object) -> Session:
    found = parse(model) if isinstance(model, str) else load(model)
    return found.derive(**options).session
