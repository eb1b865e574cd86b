"""A page around a body: one file, which loads nothing and runs no script but its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from gradcli.foreign import visible
from gradcli.record import Record


class Live(Record):
    """A page that is written anew with each save of its model, and loads itself anew.

    stamp: what no other state of it has. draft: what takes long to find is left for another.
    """

    stamp: str
    draft: bool


@cache
def kept(name: str) -> str:
    """A file that the package keeps beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def page(
    title: str, body: Iterable[str], *, script: bool, live: Live | None = None
) -> Iterator[str]:
    """The whole document. title: as it comes from outside. script: whether the script is in it.

    Its policy allows no request, and no scripts but those whose checksums it has: whatever text
    stands in the body, nothing of it is run. A live page alone may ask for itself.
    """
    code = kept("script.js") if script else ""
    ahead = kept("live.js") if live else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    if allowed := " ".join(_checksum(each) for each in (code, ahead) if each):
        policy += f"; script-src {allowed}"
    policy += "; frame-src 'self' file:" if live else ""
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    )
    if live:
        yield f'<meta name="stamp" content="{escape(live.stamp)}">\n<script>{ahead}</script>\n'
    yield (
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>\n{kept('style.css')}</style>\n</head>\n<body>\n"
    )
    yield from body
    yield f"<script>{code}</script>\n" if script else ""
    yield "</body>\n</html>\n"


def _checksum(code: str) -> str:
    """How a policy names a script that it allows."""
    return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"


def text(foreign: str) -> str:
    """Text from outside, as a page shows it: nothing unseen in it, nothing that is markup."""
    return escape(visible(foreign))
