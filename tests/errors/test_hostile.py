"""Input that no one means well: each ends in one clear error, or works, in bounded memory.

Every case is a process of its own under a limit on its address space. The time limit is far above
what any of them takes: it is there for what would never end.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

DEEP = 100_000
LONG = 5_000  # where each makes an equation: far more than Python's stack would hold
MEMORY = 1_500 * 2**20
SECONDS = 120


def gradcli(*arguments: str | bytes, folder: Path, stdin: bytes = b"") -> tuple[int, str, str]:
    """The command's exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "gradcli", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "surrogateescape")


def says(message: str, *arguments: str | bytes, folder: Path, stdin: bytes = b"") -> None:
    """Check that a command ends in one error with that in it, and no output."""
    code, output, errors = gradcli(*arguments, folder=folder, stdin=stdin)
    assert message in errors
    assert code == 2
    assert output == ""
    assert errors.count("error:") == 1
    assert "defect" not in errors
    assert len(errors) < 4_000


def model(folder: Path, text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "model.eq").write_bytes(raw)
    return "model.eq"


def nested(before: str, after: str, inner: str = "x", deep: int = DEEP) -> str:
    return f"input x\ny = {before * deep}{inner}{after * deep}\n"


def chain(sign: str, operand: str, length: int) -> str:
    return f"input x\ny = x * ({sign.join([operand] * length)})\n"


def doubling(body: str, levels: int = 60) -> str:
    lines = [f"def f{i}(x) = {body.format(f=f'f{i - 1}')}" for i in range(1, levels)]
    return "\n".join(["def f0(x) = x + x", *lines, "input a", f"y = a * f{levels - 1}(1)", ""])


WORKS = {
    "nested parentheses": nested("(", ")"),
    "nested calls": nested("tanh(", ")", deep=LONG),
    "nested signs": nested("-", "", deep=LONG),
    "nested signs of a number": nested("-", "", "1 * x", LONG),
    "transposes": f"input x: [3]\ny = x{'.T' * LONG}\n",
    "slices of slices": f"input x: [3]\ny = x{'[0:3]' * LONG}\n",
    "a chain of terms": chain(" + ", "x", LONG),
    "a chain of numbers": chain(" + ", "1", LONG),
    "a tower of powers": chain("^", "x", LONG),
    "many definitions": "".join(f"def f{i}(x) = x + {i}\n" for i in range(LONG))
    + "input a\ny = f7(a)\n",
    "many dims": "".join(f"dim N{i} = {i + 1}\n" for i in range(LONG))
    + "input x: [N7]\ny = x * 2\n",
    "a dim of dims": "dim N = 1, "
    + ", ".join(f"N{i} = N{i - 1 if i else ''} + 1" for i in range(LONG))
    + f"\ninput x\ny = x * N{LONG - 1}\n",
    "a long comment": "input x\n#" + "x" * 2**22 + "\ny = x + 1\n",
    "a large literal": f"const A = [{', '.join(['1.5'] * DEEP)}]\ninput x\nloss L = x * sum(A)\n",
    "an op of many steps": nested("tanh(", ")", deep=2_000).replace("input x\ny", "op f(x)")[:-1]
    + ":\n    dL/dx = dL/dout * 2\ninput a\ny = f(a)\n",
}

ERRORS = {
    "nested brackets": (nested("[", "]"), "nest more than"),
    "brackets that stay open": (nested("[", ""), "is never closed"),
    "parentheses that stay open": (nested("(", ""), "is never closed"),
    "parentheses that close nothing": (nested(")", ""), "closes nothing"),
    "nested indexes": (nested("x[", "]", "0"), "an index is made of sizes"),
    "a tower of numbers": (chain("^", "2", DEEP), "not a finite number"),
    "a matrix of 10^12 entries": (
        "dim N = 1000000\nparam W: [N, N]\ny = W * 2\n",
        "1,000,000,000,000 elements",
    ),
    "many large arrays": (
        "dim N = 9000\n" + "".join(f"input x{i}: [N, N]\n" for i in range(9)) + "y = x1 + x2\n",
        "elements in all",
    ),
    "many large results": (
        "dim N = 9000\ninput x: [N], z: [N]\n" + "".join(f"y{i} = x @ z.T\n" for i in range(9)),
        "elements in all",
    ),
    "5,000 digits": (f"input x\ny = x * {'7' * 5_000}\n", "5000 digits"),
    "5,000 digits of a dim": (f"dim N = {'7' * 5_000}\ninput x\ny = x * N\n", "5000 digits"),
    "1e400": ("input x\ny = x * 1e400\n", "too large"),
    "9^9^9^9": ("input x\ny = x * 9^9^9^9\n", "not a finite number"),
    "a dim of 9^9^9^9": ("dim N = 9^9^9^9\ninput x\ny = x * N\n", "not a finite number"),
    "sizes without end": (
        "dim A = 2, B = 3, P = (A+B)^8, Q = P^8, R = Q^8\ninput x\ny = x * R\n",
        "a size is at most",
    ),
    "a NUL byte": (b"input x\ny = x\0 + 1\n", "U+0000"),
    "invalid UTF-8": (b"input x\ny = x \xff + 1\n", "0xff is not valid UTF-8"),
    "UTF-16": ("input x\ny = x + 1\n".encode("utf-16"), "UTF-16"),
    "text that runs backwards": ("input x\ny = x \u202e + 1\n", "right-to-left override"),
    "a character without width": ("input x\ny = x\u200b + 1\n", "zero width space"),
    "an invisible letter": ("input x\ny = \u3164 + x\n", "can't be seen"),
    "nothing": ("", "the file is empty"),
    "blanks": (" " * 10**6, "the file is empty"),
    "line ends": ("\n" * 10**6, "the file is empty"),
    "a ragged literal": (
        (
            f"param A = [{', '.join('[' + ', '.join(['1'] * (i % 7 + 1)) + ']' for i in range(5_000))}]\n"
            "y = A * 2\n"
        ),
        "differ in length",
    ),
    "a line of 50 MB": (b"input x\ny = " + b"x + " * (50 * 2**18) + b"1\n", "larger than 8 MiB"),
    "a name of 7 MB": (b"input x\ny = " + b"x" * (7 * 2**20) + b"\n", "is not defined"),
    "7 million signs": (b"input x\ny = " + b"(" * (7 * 2**20) + b"\n", "2,000,000 words"),
    "an operation on many": (f"input x\ny = [{', '.join(['x'] * DEEP)}]\n", "1,000 operands"),
    "a recursive definition": ("def f(x) = f(x) + 1\ninput a\ny = f(a)\n", "`f` calls itself"),
    "mutual recursion": (
        "def f(x) = g(x)\ndef g(x) = f(x)\ninput a\ny = f(a)\n",
        "`f` calls itself: f → g → f",
    ),
    "definitions that double": (doubling("{f}(x) + {f}(x)"), "more than 1,000,000 equations"),
    "definitions that double in depth": (doubling("{f}({f}(x))"), "more than 1,000,000 equations"),
    "10^9 iterations": (
        "input x\nfor t in 1..1000000000:\n    y[t] = x * t\n",
        "1,000,000 equations",
    ),
    "10^9 copies": ("input x\nfor t in 1..1000000000:\n    y = x\nz = x\n", "1,000,000 equations"),
    "10^9 terms": ("input x\nloss L = sum(x for t in 1..1000000000)\n", "1,000,000 equations"),
    "loops in loops": (
        "input x\n"
        + "".join("    " * i + f"for t{i} in 1..1000:\n" for i in range(20))
        + "    " * 20
        + "y = x + 1\n",
        "1,000,000 equations",
    ),
    "deep indentation": (
        "input x\n"
        + "".join(" " * i + f"for t{i} in 1..1:\n" for i in range(2_000))
        + " " * 2_000
        + "y = x + 1\n",
        "nest more than 64 deep",
    ),
    "10^9 members": ("input x[1..1000000000]\ny = x[1] * 2\n", "100,000 are the limit"),
    "a rule that doubles": (
        "op f(x) = x * 2:\n    w0 = dL/dout * 2\n"
        + "".join(f"    w{i} = w{i - 1} + w{i - 1}\n" for i in range(1, 60))
        + "    dL/dx = w59\ninput a\ny = f(a)\n",
        "written out",
    ),
    "many keyword arguments": (
        f"input x\ny = sum(x{''.join(f', a{i}=1' for i in range(LONG))})\n",
        "no argument `a0`",
    ),
    "einsum of many": (
        f'input A\ny = einsum("{"ij," * LONG}ij->ij"{", A" * (LONG + 1)})\n',
        "1,000 operands",
    ),
}


@pytest.mark.parametrize("name", WORKS)
def test_it_works(name, tmp_path):
    code, output, errors = gradcli(
        "derive", model(tmp_path, WORKS[name]), "--json", folder=tmp_path
    )
    assert code == 0, errors
    assert json.loads(output)["gradients"]


@pytest.mark.parametrize("name", ERRORS)
def test_it_is_one_error(name, tmp_path):
    text, message = ERRORS[name]
    says(message, "derive", model(tmp_path, text), folder=tmp_path)


@pytest.mark.parametrize("name", ["nested brackets", "9^9^9^9", "a NUL byte", "10^9 iterations"])
def test_a_check_ends_in_the_same_error(name, tmp_path):
    text, message = ERRORS[name]
    says(message, "check", model(tmp_path, text), folder=tmp_path)


@pytest.mark.parametrize("text", ["y{0} = x * * 1\n", "y{0} = x * q{0}\n", "y{0} = $\n"])
def test_many_errors_are_cut_short(text, tmp_path):
    lines = "".join(text.format(i) for i in range(LONG))
    code, output, errors = gradcli("derive", model(tmp_path, "input x\n" + lines), folder=tmp_path)
    assert (code, output) == (2, "")
    assert errors.count("error:") == 20


# ── what is no file, and file names ──


def test_a_directory(tmp_path):
    says("is a directory", "derive", ".", folder=tmp_path)


def test_a_device_without_end(tmp_path):
    says("larger than 8 MiB", "derive", "/dev/zero", folder=tmp_path)


@pytest.mark.parametrize("name", ["model.eq", "-", "pipe.eq"])
@pytest.mark.parametrize("over", [0, 1])
def test_a_file_of_the_largest_size_and_one_byte_more(name, over, tmp_path):
    most = 8 * 2**20
    text = b"y = [1] + 1\n#" + b"x" * (most + over - 13)
    model(tmp_path, text)
    if name == "pipe.eq":
        os.mkfifo(tmp_path / name)
    with subprocess.Popen(
        ["sh", "-c", "cat model.eq > pipe.eq" if name == "pipe.eq" else ":"], cwd=tmp_path
    ):
        code, output, errors = gradcli(
            "derive", name, folder=tmp_path, stdin=text if name == "-" else b""
        )
    assert (code, "larger than 8 MiB" in errors) == ((2, True) if over else (0, False)), errors
    assert bool(output) == (not over)


def test_standard_input_without_end(tmp_path):
    says("larger than 8 MiB", "derive", "-", folder=tmp_path, stdin=b"#" * (9 * 2**20))


def test_a_pipe_without_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.eq")
    says("the file is empty", "derive", "pipe.eq", folder=tmp_path)


def test_a_pipe_with_a_slow_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.eq")
    with subprocess.Popen(
        ["sh", "-c", "(sleep 1; printf 'input x\\ny = x + 1\\n') > pipe.eq"], cwd=tmp_path
    ):
        code, output, _ = gradcli("derive", "pipe.eq", "--json", folder=tmp_path)
    assert code == 0
    assert json.loads(output)["source"] == "pipe.eq"


def test_a_file_name_that_is_no_text(tmp_path):
    says("no such file", "derive", b"\xff\xfe.eq", folder=tmp_path)


@pytest.mark.parametrize("option", ["--dim", "--wrt", "--data"])
def test_an_option_that_is_no_text(option, tmp_path):
    name = model(tmp_path, "input x\ny = x + 1\n")
    code, output, errors = gradcli("derive", name, option, b"\xff=3", folder=tmp_path)
    assert (code, output) == (2, "")
    assert "rror: " in errors
    assert "defect" not in errors


# ── arrays ──


def array(**fields: object) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        np.save(path, np.array(**fields), allow_pickle=True)  # type: ignore[call-overload]

    return write


def outside(path: Path) -> None:
    (path.parent.parent / "outside.npy").write_bytes(b"")
    path.symlink_to(path.parent.parent / "outside.npy")


def claims(path: Path) -> None:
    """A header that claims more than the file holds."""
    path.write_bytes(header(10**9, 10**9))


def header(*shape: int) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


ARRAYS = {
    "pickled": (lambda path: path.write_bytes(b"\x80\x04N."), "Python objects"),
    "objects": (array(object=[{}, None], dtype=object), "Python objects"),
    "texts": (array(object=["a", "b"]), "real numbers"),
    "complex numbers": (array(object=[1j, 2]), "real numbers"),
    "no entry": (array(object=[]), "empty"),
    "no array": (lambda path: path.write_bytes(b"no array"), "no readable .npy file"),
    "nothing": (lambda path: path.write_bytes(b""), "no readable .npy file"),
    "a pipe": (os.mkfifo, "is not a file"),
    "a folder": (lambda path: path.mkdir(), "is not a file"),
    "a link that leads outside": (outside, "outside the model's folder"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "outside the model's folder"),
    "a header that lies": (claims, "more than 100,000,000 elements"),
    "a header that lies within the limit": (
        lambda path: path.write_bytes(header(99_999_999)),
        "it ends after 0 of the 799,999,992 bytes",
    ),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_file(name, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    write, message = ARRAYS[name]
    write(folder / "w.npy")
    text = 'param W: [2] = file("w.npy")\ny = W * 2\n'
    says(message, "derive", model(folder, text), folder=folder)


def bomb(*shape: int, zeros: int = 3) -> Callable[[Path], None]:
    """An archive of arrays with so many times 100 MiB behind each header."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in "ab":
                with archive.open(f"{name}.npy", "w") as file:
                    file.write(header(*shape))
                    for _ in range(zeros):
                        file.write(bytes(100 * 2**20))

    return write


def deep_json(path: Path) -> None:
    path.write_text('{"x": ' + "[" * DEEP + "1" + "]" * DEEP + "}")


def less_deep_json(path: Path) -> None:
    path.write_text('{"x": ' + "[" * 900 + "1" + "]" * 900 + "}")


DATA = {
    "a bomb.npz": (bomb(10), "it goes on after"),
    "two halves of too much.npz": (bomb(60_000_000, zeros=0), "it ends after 0"),
    "too much.npz": (bomb(10**11, zeros=0), "more than 100,000,000 elements"),
    "objects.npz": (lambda path: np.savez(path, x=np.array([{}], dtype=object)), "never loaded"),
    "no archive.npz": (lambda path: path.write_bytes(b"PK\x03\x04 no archive"), "not a readable"),
    "folder.npz": (lambda path: path.mkdir(), "is a directory"),
    "pipe.json": (os.mkfifo, "not valid JSON"),
    "device.json": (lambda path: path.symlink_to("/dev/zero"), "larger than"),
    "deep.json": (deep_json, "not valid JSON"),
    "less deep.json": (less_deep_json, "data"),
    "twice.json": (lambda path: path.write_text('{"x": 1, "x": 2}'), "stands there twice"),
    "digits.json": (lambda path: path.write_text('{"x": ' + "7" * 5_000 + "}"), "not valid JSON"),
    "infinite.json": (lambda path: path.write_text('{"x": Infinity}'), "not valid JSON"),
    "latin.json": (lambda path: path.write_bytes(b'{"x\xff": 1}'), "not valid JSON"),
}


@pytest.mark.parametrize("name", DATA)
def test_data(name, tmp_path):
    write, message = DATA[name]
    path = tmp_path / f"data {name}"
    write(path)
    text = "input x\ny = x * 2\n"
    says(message, "derive", model(tmp_path, text), "--data", path.name, folder=tmp_path)
