"""Listings as a fragment of HTML: tables without colours or scripts, for pages light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from gradcli.render.layout import ADD, EQUATION, NOTE, PARAMETER, Column, Line, Section

# Text that holds a $ is not to be taken for mathematics: these are the classes that MathJax skips.
OPEN = '<div class="gradcli tex2jax_ignore mathjax_ignore">\n'
# A notebook's own style sheet sets cells to the right, so each says where its text belongs.
TABLE = '<table style="font-family: monospace; margin: 0.5em 0">'
CELL = "text-align: {}"
TAGS = {PARAMETER: "strong", EQUATION: "strong", NOTE: "em"}


def fragment(sections: Iterable[Section]) -> Iterator[str]:
    """The listings, each a table. All that comes from a model is escaped."""
    yield OPEN
    for section in sections:
        yield f'{TABLE}\n<caption style="{_style(right=False)}">'
        yield "<br>".join(
            [f"<strong>{escape(section.title)}</strong>", *map(escape, section.notes)]
        )
        yield "</caption>\n"
        titles = [column.title for column in section.columns]
        if any(titles):
            yield f"<thead>{_row(section.columns, titles, 'th')}</thead>\n"
        yield "<tbody>\n"
        for line in section.lines:
            yield _line(section.columns, line) + "\n"
        yield "</tbody>\n</table>\n"
    yield "</div>\n"


def preformatted(text: str) -> str:
    """A text as it stands."""
    return f"{OPEN}<pre>{escape(text)}</pre>\n</div>\n"


def _line(columns: tuple[Column, ...], line: Line) -> str:
    texts = [cell if isinstance(cell, str) else cell(None) for cell in line.cells]
    if len(texts) > 1:
        return _row(columns, texts, "td", TAGS.get(line.style))
    whole = Column("", right=False)
    return _row([whole], texts, "td", TAGS.get(line.style), f' colspan="{len(columns)}"')


def _row(
    columns: Iterable[Column],
    texts: Iterable[str],
    cell: str,
    tag: str | None = None,
    more: str = "",
) -> str:
    cells = (
        f'<{cell}{more} style="{_style(column.right)}">{_tagged(text.strip(), tag)}</{cell}>'
        for column, text in zip(columns, texts, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _tagged(text: str, tag: str | None) -> str:
    tag = "strong" if text == ADD else tag
    return f"<{tag}>{escape(text)}</{tag}>" if tag and text else escape(text)


def _style(right: bool) -> str:
    return CELL.format("right" if right else "left")
