"""What a person probably meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһνοΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХ",
    "aeopcyxijsdhvoABEZHIKMNOPTYXABEKMHOPCTX",
)


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A hint at the known name that was probably meant."""
    names = sorted(known)
    plain = name.translate(LOOKALIKES)
    for other in names:
        if other != name and other.translate(LOOKALIKES) == plain:
            return f"`{other}` looks the same, but has other letters"
    for other in names:
        if other.lower() == name.lower():
            return f"did you mean `{other}`?"
    import difflib  # only where there is an error

    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None
