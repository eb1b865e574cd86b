"""A page around a body: one file, which loads nothing and runs no script but its own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from gradcli.foreign import visible


@cache
def kept(name: str) -> str:
    """A file that the package keeps beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def page(title: str, body: Iterable[str], *, script: bool) -> Iterator[str]:
    """The whole document. title: as it comes from outside. script: whether the script is in it.

    Its policy allows no request, and no script but the one whose checksum it has: whatever text
    stands in the body, nothing of it is run.
    """
    code = kept("script.js") if script else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    if script:
        digest = b64encode(sha256(code.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>\n{kept('style.css')}</style>\n</head>\n<body>\n"
    )
    yield from body
    yield f"<script>{code}</script>\n" if script else ""
    yield "</body>\n</html>\n"


def text(foreign: str) -> str:
    """Text from outside, as a page shows it: nothing unseen in it, nothing that is markup."""
    return escape(visible(foreign))
