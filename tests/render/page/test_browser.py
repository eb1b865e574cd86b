"""The pages in a real browser: no error, no request, a walk to the last step, keys, and axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import browser
from pages import EXAMPLES, session
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.errors import GradError
from gradcli.render.page.derivation import lines
from gradcli.render.page.document import Live
from gradcli.render.page.errors import lines as errors

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
SHARED = next(path for path in EXAMPLES if path.stem == "shared")
LSTM = next(path for path in EXAMPLES if path.stem == "lstm")
ROLLED = next(path for path in EXAMPLES if path.stem == "scanning_mlp")
# Many presses of a key, as the page hears them; by the keyboard each takes a tenth of a second.
WALK = """(count) => {
  for (let i = 0; i < count; i++)
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}))
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a model's page; what went wrong in it, and what it asked for, is looked at in the end."""
    wrong: list[str] = []
    contexts: list[Any] = []

    def opened(model: Path, width: int = 1280, **options: Any) -> Any:
        file = tmp_path / f"{model.stem}.html"
        file.write_text("".join(lines(session(model))), encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda request: request.url != file.as_uri() and wrong.append(request.url)
        )
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def violations(page: Any, **options: Any) -> list[str]:
    """What axe finds. The inside of formulas is left out: thousands of elements that it has no rules for."""
    wanted = {"resultTypes": ["violations"], **options}
    found = axe.Axe().run(page, {"exclude": [["math"]]}, wanted).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_walk_reaches_the_last_step_by_keys_alone(opened, path: Path) -> None:
    page = opened(path, color_scheme="light")
    total = int(page.get_attribute("#at", "max"))
    assert total == page.locator(".step").count() > 0
    page.keyboard.press("ArrowRight")
    page.evaluate(WALK, total - 1)
    page.keyboard.press("ArrowRight")  # it stays at the last step
    assert page.inner_text("#count") == f"{total} / {total}"
    assert page.inner_text("#said").startswith(f"Step {total}: ")
    assert page.locator(f"#s{total}.at").is_visible()
    assert page.locator("#now .big math").count() >= 2
    unfilled = page.evaluate("""() => [...document.querySelectorAll(".graph svg")].flatMap((svg) =>
        [...document.querySelectorAll(".step[data-to], .start")].map((each) => each.dataset.to)
          .filter((to) => !svg.querySelector(`.done[data-n~="${to}"]`)))""")
    assert not unfilled
    assert page.locator("details.a:not(:has(canvas))").count() == 0
    # The parts of pages are those of one sheet, and looking at all of them is what takes the time.
    if path in (SHARED, ROLLED, LSTM):
        contrast = {"enabled": path != LSTM}
        assert not violations(page, rules={"color-contrast": contrast})
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#count") == f"{total - 1} / {total}"


@pytest.mark.parametrize("path", [SHARED, ROLLED], ids=lambda path: path.stem)
def test_colours_can_be_told_apart_in_the_dark_too(opened, path: Path) -> None:
    page = opened(path, color_scheme="dark")
    page.keyboard.press("ArrowRight")
    assert not violations(page, runOnly=["color-contrast"])


@pytest.mark.parametrize("width", [320, 1280, 3840])
@pytest.mark.parametrize("path", [LSTM, ROLLED], ids=lambda path: path.stem)
def test_any_width(opened, path: Path, width: int) -> None:
    page = opened(path, width)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_formula_hides_behind_its_shape(opened) -> None:
    """What has no room goes below, in the lists and beside the graph."""
    path = next(path for path in EXAMPLES if path.stem == "conv_relu_pool")
    page = opened(path, 1280)
    hidden = "each.scrollWidth > each.clientWidth + 1"
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        for query in (".list > li > .f", ".now table"):
            assert not page.evaluate(
                f"[...document.querySelectorAll('{query}')].filter((each) => {hidden}).length"
            )
    # What is short stays on one line.
    assert page.evaluate("document.querySelector('#s1').offsetHeight") < 60


def test_keys_reach_all_that_a_mouse_does(opened) -> None:
    page = opened(ROLLED)
    wanted = page.evaluate("""() => {
        const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")];
        return all.filter((each) => each.checkVisibility()).map((each, k) => (each.dataset.key = k));
    }""")
    reached = set()
    for _ in range(len(wanted) + 2):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.key"))
    assert {str(key) for key in wanted} <= reached


def test_a_summary_opens_by_enter(opened) -> None:
    page = opened(LSTM)
    for query in ("details.compact > summary", "#e1 details.a > summary"):
        page.focus(query)
        page.keyboard.press("Enter")
        assert page.evaluate(f"document.querySelector('{query}').parentElement.open")
    assert page.locator("#e1 pre").is_visible()
    page.focus(".short .why > summary >> nth=0")
    page.keyboard.press("Enter")
    assert page.locator(".why ol >> nth=0").is_visible()


def test_pointing_marks_what_belongs_together(opened) -> None:
    page = opened(SHARED)

    def marked() -> list[str]:
        return page.evaluate("[...document.querySelectorAll('li.on[id]')].map((each) => each.id)")

    page.hover("#e2")
    steps = page.evaluate(
        "[...document.querySelectorAll('.step[data-e=e2]')].map((each) => each.id)"
    )
    assert set(marked()) == {"e2", *steps}
    page.hover("h1")
    assert not marked()
    page.focus(".s a >> nth=0")
    adds, to = page.evaluate("""() => {
        const link = document.querySelector(".s a");
        return [link.closest("li").id, link.hash.slice(1)];
    }""")
    assert {adds, to} <= set(marked())
    assert page.locator(".joins path").count() >= 1


def test_a_step_s_number_leads_the_walk_there(opened) -> None:
    page = opened(LSTM)
    page.click("#s7 a.n")
    assert page.inner_text("#count").startswith("7 /")
    page.goto(page.url.partition("#")[0] + "#s9")
    page.reload()
    assert page.inner_text("#count").startswith("9 /")


def test_without_a_script_it_can_be_read(opened) -> None:
    page = opened(ROLLED, java_script_enabled=False)
    assert not page.locator(".controls").is_visible()
    assert page.locator(".graph svg").first.is_visible()
    assert not page.locator("#e1").is_visible()
    page.click("#forward .fold summary >> nth=0")
    assert page.locator("#e1").is_visible()
    assert page.locator("#e1 math").first.bounding_box()["width"] > 0
    page.click("#e1 details.a summary")
    assert page.locator("#e1 pre").is_visible()


def test_it_prints_whole(opened) -> None:
    page = opened(ROLLED)
    page.emulate_media(media="print")
    assert not page.locator(".controls").is_visible()
    heights = page.evaluate("""() => {
        const list = document.getElementById("backward");
        return [list.scrollHeight, list.clientHeight];
    }""")
    assert heights[0] <= heights[1] + 1
    assert page.pdf().startswith(b"%PDF")


def test_a_followed_page_shows_the_next_one_where_the_reader_is(
    chromium: Any, tmp_path: Path
) -> None:
    """A page that is written anew is seen without a hand on it; the walk and what is open stay."""
    file = tmp_path / "a #1.html"
    wrong: list[str] = []

    def save(text: str, stamp: str, *, draft: bool = False) -> None:
        part = tmp_path / "part"
        found = lines(session(text), live=Live(stamp, draft))
        part.write_text("".join(found), encoding="utf-8")
        part.replace(file)

    model = "input x: [2]\ny = x * {}\nloss L = sum(y^2)\n"
    save(model.format(3), "1", draft=True)
    context = chromium.new_context()
    page = context.new_page()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(file.as_uri())
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "It is being looked for" in page.inner_text("#compact")
    save(model.format(3), "2")
    page.wait_for_selector("details.compact", state="attached")
    page.click("details.compact > summary")
    save(model.format(7), "3")
    page.locator("#e1", has_text="7").wait_for()
    assert page.inner_text("#count").startswith("2 /")
    assert page.evaluate("document.querySelector('details.compact').open")
    error = GradError("<b>", hint="none")
    file.write_text("".join(errors("m.eq", error, Live("4", draft=True))))
    page.locator("pre", has_text="error: <b>").wait_for()
    assert not violations(page)
    save(model.format(8), "5")
    page.locator("#e1", has_text="8").wait_for()
    assert page.evaluate("history.length") <= 2
    context.close()
    assert not wrong


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_a_page_of_verdicts_by_keys_alone(
    chromium: Any, tmp_path: Path, scheme: str, width: int
) -> None:
    """Each corrected line is reached and opened; nothing is out of sight, nor found by axe."""
    (tmp_path / "m.eq").write_text("input x: [2], W: [2, 2]\nz = W @ x\nloss L = sum(z^2)\n")
    (tmp_path / "mine.grad").write_text(
        "dL/dz = 2 * z.T\ndL/dW = dL/dz.T @ x.T\ndL/dx = dL/dz @ W.T  # a long line, and more of it\n"
    )
    file = tmp_path / "verdicts.html"
    arguments = ["check", str(tmp_path / "m.eq"), "--against", str(tmp_path / "mine.grad")]
    found = CliRunner().invoke(app, [*arguments, "-f", "html", "-o", str(file)])
    assert found.exit_code == 1, found.stderr
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: request.url != file.as_uri() and wrong.append(request.url))
    page.goto(file.as_uri())
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY" and not page.evaluate(
            "document.activeElement.parentElement.open"
        ):
            page.keyboard.press("Enter")
    assert page.locator("summary").count() >= 2
    assert not page.locator("details:not([open])").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not violations(page)
    context.close()
    assert not wrong
