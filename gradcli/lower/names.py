"""Names resolved: what one stands for, why it may stand for nothing, whether it is new."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.lower.env import Env
from gradcli.lower.outline import inner_names
from gradcli.lower.scope import Function, Item, NewAxis
from gradcli.lower.text import Poisoned, Unknown
from gradcli.ops import FUNCTIONS
from gradcli.ops.prelude import NAMES
from gradcli.suggest import WORDS, foreign, suggestion
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

NEW_AXES = ("None", "newaxis")


def lookup(env: Env, name: str, place: Place) -> Item:
    """What a name stands for. Raises GradError, Poisoned where it is no quantity or number."""
    found = env.scope.find(name)
    if found is None and name in NEW_AXES:
        return NewAxis(name)
    if found is None:
        raise env.dialect.unknown(env, name, place)
    if isinstance(found, Function):
        raise env.error(
            f"`{name}` is a function (`{found.word}`)",
            place,
            f"write {name}(…)",
            kind="no-quantity",
        )
    return found


def unknown(env: Env, name: str, place: Place) -> Exception:
    """The error for a name that is not defined."""
    if name in env.outline.poisoned:
        return Poisoned(name)
    if name in FUNCTIONS or name in env.prelude:
        return env.error(f"`{name}` is a function", place, f"write {name}(…)", kind="no-quantity")
    hint = elsewhere(env, name, place) or suggestion(name, env.scope.visible()) or WORDS.get(name)
    return Unknown(name, env.text.span(place), hint)


def no_function(env: Env, name: str, place: Place) -> GradError:
    """The error for the call of a name that is not defined."""
    if name == "file":
        return env.error(
            'file("…") stands only as the value of a declaration', place, kind="misplaced-statement"
        )
    scope = env.scope
    functions = {n for n in scope.visible() if isinstance(scope.find(n), Function)}
    hint = foreign(name) or suggestion(name, functions | set(FUNCTIONS) | NAMES)
    if name in env.outline.later:
        hint = elsewhere(env, name, place)
    return env.error(
        f"there is no function `{name}`",
        place,
        hint or "`gradcli ops` lists them all",
        kind="undefined-function",
    )


def elsewhere(env: Env, name: str, place: Place) -> str | None:
    """A hint for a name that means something, but not here."""
    for node in env.outline.statements:
        if isinstance(node, ast.For) and node.variable.place < place and name in inner_names(node):
            family = f"a family, {name}[{node.variable.text}], outlives it"
            if name == node.variable.text:
                family = "behind it the last step has its number"
            return f"{name} ends with its loop; {family}"
        if isinstance(node, ast.Def) and node.name.place < place and name in inner_names(node):
            return f"{name} is known inside {node.name.text} alone"
    later = env.outline.later.get(name)
    if later is not None and later > place:
        return f"it is defined in line {env.text.line(later)}, and known only behind that"
    text = env.text.source.text
    if later is not None and text[place[0] + len(name) :].startswith("["):
        return f"no member of {name} is defined yet; a recurrence has a first line, {name}[0] = …"
    if later is not None:
        return f"this equation defines it; a recurrence is a family: {name}[t] = … {name}[t-1]"
    if name == "T" and text[: place[0]].rstrip(" \t(").endswith(("^", "**")):
        return "a transpose is written x.T"
    return None


def check_new(env: Env, name: ast.Name) -> None:
    """Raise GradError where a name is already defined; a definition may use the file's again."""
    text, scope = name.text, env.scope
    found = scope.names.get(text) if scope.kind == "def" else scope.find(text)
    if found is None:
        return
    around = [scope] if scope.kind == "def" else list(scope.chain())
    before = next((s.places[text] for s in around if text in s.places), None)
    if before is None:
        raise env.error(
            f"`{text}` is predefined" if text == "pi" else f"`{text}` is already a parameter",
            name.place,
            "choose another name",
            kind="reserved-name",
        )
    raise env.error(
        f"`{text}` is already defined in line {env.text.line(before)}",
        name.place,
        "a name is defined once; give the new value a name of its own",
        kind="defined-twice",
    )
