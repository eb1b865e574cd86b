"""The kept parse table: a damaged one is made anew, and none is written where none may be."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from gradcli.syntax import lalr as table


@pytest.fixture(scope="module")
def whole():
    return table.compile_grammar(table.grammar_path().read_text(encoding="utf-8"))


@pytest.fixture
def kept(whole, tmp_path, monkeypatch):
    """The file in which the table is kept, and how often the grammar is compiled from here on."""
    calls = []
    monkeypatch.setattr(table, "_cache_folders", lambda: iter([tmp_path / "cache"]))
    monkeypatch.setattr(table, "compile_grammar", lambda text: calls.append(text) or whole)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert fresh() == whole
    (path,) = (tmp_path / "cache").iterdir()
    calls.clear()
    return path, calls


def fresh():
    table.load.cache_clear()
    return table.load()


def test_it_is_read_again(kept, whole):
    assert fresh() == whole
    assert not kept[1]


def mended(kept, whole, damaged):
    """Whether a damaged file is noticed, and is whole again after that."""
    path, calls = kept
    path.write_bytes(damaged(path.read_bytes()))
    return fresh() == fresh() == whole and len(calls) == 1


@pytest.mark.parametrize("place", [0, 3, 4, 5, 100, 5_000, -1])
def test_one_flipped_bit_does_no_harm(kept, whole, place):
    def flipped(good):
        data = bytearray(good)
        data[place] ^= 1
        return data

    assert mended(kept, whole, flipped)


def test_no_flipped_bit_does_harm_wherever_it_is(kept, whole):
    random = Random(0)
    for _ in range(60):
        place, bit = random.random(), random.randrange(8)

        def flipped(good, place=place, bit=bit):
            data = bytearray(good)
            data[int(place * len(data))] ^= 1 << bit
            return data

        assert mended(kept, whole, flipped)
        kept[1].clear()


@pytest.mark.parametrize("length", [0, 1, 4, 5, 1_000])
def test_a_file_written_in_part_does_no_harm(kept, whole, length):
    assert mended(kept, whole, lambda good: good[:length])


def test_nothing_is_written_where_python_writes_no_bytecode(kept, whole, monkeypatch):
    path, calls = kept
    path.unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert fresh() == whole
    assert len(calls) == 1
    assert not path.exists()


def test_without_a_home(monkeypatch):
    """No HOME, and no entry of the user's in the list of users."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    pwd = pytest.importorskip("pwd")
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])
    assert [folder.name for folder in table._cache_folders()] == ["__pycache__"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes a user without a name")
def test_a_command_without_a_home():
    root = Path(table.__file__).parents[2]
    command = [sys.executable, "-m", "gradcli", "derive", "-", "-f", "grad"]
    try:
        found = subprocess.run(
            command,
            input="input x\nloss L = x^2\n",
            capture_output=True,
            encoding="utf-8",
            env={"PATH": "", "PYTHONPATH": str(root)},
            user=54_321,
            check=False,
        )
    except PermissionError:
        pytest.skip("others can't run this Python")
    assert (found.returncode, found.stderr) == (0, "")
