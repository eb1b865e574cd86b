"""What is wrong with a model that is followed, as the page that stands in for its derivation's."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradcli.errors import GradError, GradErrors
from gradcli.render.page.document import Live, page, text


def lines(name: str, error: GradError | GradErrors, live: Live) -> Iterator[str]:
    """The page. name: of the model's file, as it comes from outside."""
    count = len(error.errors)
    body = (
        f"<header><h1>{text(name)}</h1></header>\n<main>\n"
        f'<section class="whole"><h2>{count} error{"s" * (count != 1)}</h2>\n'
        f'<pre class="errors" tabindex="0">{escape(str(error))}</pre>\n</section>\n</main>\n'
    )
    return page(name, [body], script=False, live=live)
