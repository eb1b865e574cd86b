"""Where tests stand: a folder of sources has a folder of tests under the same path."""

from pathlib import Path

import pytest

import gradcli

TESTS = Path(__file__).parents[1]
PACKAGE = Path(gradcli.__file__).parent

# What is tested of the whole tool, whichever part of it is at fault.
WHOLE = {"docs", "errors", "fuzz", "golden", "oracle", "packaging"}


def folders(root: Path, holding: str) -> set[str]:
    """The folders that hold such files themselves, as paths from the root."""
    return {path.parent.relative_to(root).as_posix() for path in root.rglob(holding)} - {"."}


SOURCES = folders(PACKAGE, "*.py")
TESTED = folders(TESTS, "test_*.py")


def mirrored(folder: str) -> bool:
    """Whether a folder's tests stand in its own folder, or, for one inside another, beside it."""
    inside = [name for name in TESTED if name.startswith(f"{folder}/")]
    above = Path(folder).parent.as_posix()
    return folder in TESTED or bool(inside) or (above != "." and above in TESTED)


@pytest.mark.parametrize("folder", sorted(SOURCES))
def test_a_folder_of_sources_has_its_tests(folder: str) -> None:
    assert mirrored(folder), f"no tests/{folder} holds the tests of gradcli/{folder}"


@pytest.mark.parametrize("folder", sorted(TESTED))
def test_a_folder_of_tests_has_its_sources(folder: str) -> None:
    assert folder in SOURCES or folder in WHOLE, f"no gradcli/{folder} is what tests/{folder} tests"
