"""`-o`: what is at the path stays what it is, and nothing else is left there."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import COMMAND, gradcli

from gradcli.cli import destination
from gradcli.cli.output import write

TEXT = "dim N = 2\ninput x: [N]\nparam w: [N]\nloss L = sum(x * w)\n"
NOBODY = 65534


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.eq"
    path.write_text(TEXT)
    return path


@pytest.fixture
def shown(model: Path) -> str:
    """What stands in the file when all went well."""
    return gradcli("derive", model, "--json").stdout


def derived(model: Path, output: str | Path) -> None:
    found = gradcli("derive", model, "--json", "-o", output)
    assert found.exit_code == 0, found.stderr
    assert not found.stdout


def refused(model: Path, output: str | Path) -> str:
    found = gradcli("derive", model, "-o", output)
    assert found.exit_code == 2
    assert not found.stdout
    return found.stderr


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_output_file(model: Path, shown: str, tmp_path: Path) -> None:
    derived(model, tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == shown
    assert names(tmp_path) == {"model.eq", "out.json"}


def test_a_new_file_has_the_usual_mode(model: Path, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    derived(model, tmp_path / "out.json")
    assert mode(tmp_path / "out.json") == mode(tmp_path / "usual")


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666, 0o755])
def test_a_file_keeps_its_mode(bits: int, model: Path, shown: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")
    out.chmod(bits)
    derived(model, out)
    assert mode(out) == bits
    assert out.read_text() == shown


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")
    os.chown(out, NOBODY, NOBODY)
    derived(model, out)
    assert (out.stat().st_uid, out.stat().st_gid) == (NOBODY, NOBODY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write all files")
def test_a_file_that_may_not_be_written_stays(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")
    out.chmod(0o400)
    assert "permission denied" in refused(model, out)
    assert out.read_text() == "before"


def test_a_link_is_followed(model: Path, shown: str, tmp_path: Path) -> None:
    out, link = tmp_path / "folder" / "out.json", tmp_path / "link"
    out.parent.mkdir()
    out.write_text("before")
    link.symlink_to("folder/out.json")
    derived(model, link)
    assert link.is_symlink()
    assert out.read_text() == shown
    assert names(out.parent) == {"out.json"}


def test_a_link_to_nothing_makes_what_it_leads_to(model: Path, shown: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("out.json")
    derived(model, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out.json").read_text() == shown


def test_links_in_a_ring(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "error:" in refused(model, tmp_path / "a")
    assert names(tmp_path) == {"model.eq", "a", "b"}


def test_all_names_of_a_file_stay_its_names(model: Path, shown: str, tmp_path: Path) -> None:
    out, other = tmp_path / "out.json", tmp_path / "other"
    out.write_text("before")
    other.hardlink_to(out)
    derived(model, out)
    assert out.samefile(other)
    assert other.read_text() == shown


def test_a_pipe_stays_a_pipe(model: Path, shown: str, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        read: list[str] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_text()))  # noqa: B023
        reader.start()
        derived(model, path)
        reader.join(60)
        assert read == [shown]
        assert pipe.is_fifo()
    assert link.is_symlink()


def test_a_pipe_that_nobody_reads(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destination, "PATIENCE", 0.01)
    os.mkfifo(tmp_path / "pipe")
    assert "nobody reads this pipe" in refused(model, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_device_is_written_into(model: Path, shown: str) -> None:
    """A terminal of our own: no other device may be at stake."""
    leader, follower = os.openpty()
    name = os.ttyname(follower)
    before = Path(name).stat()
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(os.read(leader, 2**20)))
    reader.start()
    derived(model, name)
    reader.join(60)
    assert stat.S_ISCHR(Path(name).stat().st_mode)
    assert Path(name).stat().st_ino == before.st_ino
    assert found[0].replace(b"\r\n", b"\n").startswith(shown.encode()[:20])
    os.close(leader)
    os.close(follower)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
@pytest.mark.parametrize("to", ["| cat", "> out.json; cat out.json"])
def test_standard_output_by_its_name(to: str, model: Path, shown: str, tmp_path: Path) -> None:
    command = f"{' '.join(COMMAND)} derive {model} --json -o /dev/stdout {to}"
    found = subprocess.run(["sh", "-c", command], capture_output=True, check=True, cwd=tmp_path)
    assert found.stdout.decode() == shown


def test_an_error_leaves_the_output_file_alone(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")
    model.write_text("y = q\n")
    refused(model, out)
    assert out.read_text() == "before"
    assert names(tmp_path) == {"model.eq", "out.json"}


def test_an_error_while_writing_leaves_the_output_file_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")

    def lines() -> Iterator[str]:
        yield "half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(lines(), str(out))
    assert out.read_text() == "before"
    assert names(tmp_path) == {"out.json"}


NOWHERE = {
    "no name": ("", "no such file"),
    "the folder itself": (".", "is a directory"),
    "the root": ("/", "is a directory"),
    "a folder that is not there": ("none/", "is a directory"),
    "in a folder that is not there": ("none/out.json", "no such file"),
    "in a file": ("model.eq/out.json", "not a directory"),
    "a NUL": ("out\0.json", "NUL"),
    "a long name": ("a" * 300, "name too long"),
}


@pytest.mark.parametrize("case", NOWHERE)
def test_where_no_file_can_be(
    case: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, message = NOWHERE[case]
    assert message in refused(model, path)
    assert names(tmp_path) == {"model.eq"}


def test_the_longest_name(model: Path, shown: str, tmp_path: Path) -> None:
    out = tmp_path / ("a" * 255)
    derived(model, out)
    assert out.read_text() == shown
