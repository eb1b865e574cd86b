"""Gradients in the precision that they have: right ones never fail, and mistakes have names."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.check.gradients.precision import BFLOAT16, FORMATS, HALF, SINGLE
from gradcli.cli import app
from gradcli.errors import GradError
from gradcli.evaluate import arrived
from gradcli.interpret import interpret, number, value
from gradcli.session import Request, run

MODEL = """\
dim N = 6, D = 5, M = 5
input X: [N, D]
param W: [D, M], V: [M, D], b: [1, M]
H = tanh(X @ W + b)
Y = H @ V + X
loss L = sum(square(Y)) / N
"""
TYPES = {
    "float16": lambda values: values.astype(np.float16),
    "bfloat16": lambda values: BFLOAT16.rounded(np.asarray(values, float)),
}


def kernel(session, precision):
    """Both passes with every value rounded to nearest, as a kernel has them."""
    rounded = TYPES[precision]

    def meaning(step, operands):
        return rounded(value(step, [rounded(np.asarray(each)) for each in operands]))

    with np.errstate(all="ignore"):
        values = {name: rounded(each) for name, each in session.inputs.items()}
        interpret(session.program.steps, values, meaning, number)
        given = {name: rounded(each) for name, each in session.given.items()}
        found = arrived(session.derivation, values, given)
        interpret(session.derivation.reified.steps, found, meaning, number)
    totals = session.derivation.reified.totals
    return {name: np.asarray(found[totals[name]]) for name in session.derivation.wrt}


def session_of(text, tmp_path):
    path = tmp_path / "model.eq"
    path.write_text(text, encoding="utf-8")
    return run(str(path), Request())


def judged(model, gradients, **asked):
    """The verdicts on derivatives in the variables' own shapes."""
    if isinstance(model, str) and "\n" in model:
        model = gradcli.parse(model)
    return model.against(gradients, layout="denominator", **asked).gradients


@pytest.mark.parametrize("precision", TYPES)
@pytest.mark.parametrize("example", ["attention", "batchnorm", "gru", "layernorm", "mlp", "rnn"])
def test_what_a_right_kernel_gives_never_fails_and_a_factor_never_passes(example, precision):
    path = EXAMPLES / f"{example}.eq"
    found = kernel(run(str(path), Request()), precision)
    model = gradcli.load(str(path))
    right = judged(model, found, dtype=precision)
    assert {r.name: r.verdict for r in right.values() if r.verdict == "fail"} == {}
    passed = sum(r.verdict == "pass" for r in right.values())
    assert passed > len(right) / 2
    for factor, diagnosis in ((2.0, "scale"), (0.5, "scale"), (-1.0, "sign"), (0.0, "zeros")):
        wrong = {name: np.asarray(each, float) * factor for name, each in found.items()}
        verdicts = judged(model, wrong, dtype=precision).values()
        assert {r.verdict for r in verdicts} == {"fail"}, factor
        named = [r for r in verdicts if r.diagnosis == diagnosis]
        assert len(named) >= 0.9 * len(verdicts), factor


@pytest.fixture
def session(tmp_path):
    return session_of(MODEL, tmp_path)


@pytest.mark.parametrize("precision", TYPES)
def test_each_mistake_of_a_kernel_is_named(session, precision):
    right = {n: np.asarray(v, float) for n, v in kernel(session, precision).items()}

    def found(**changed):
        return judged(MODEL, right | changed, dtype=precision)

    assert {r.verdict for r in found().values()} == {"pass"}
    zeros = found(W=np.zeros((5, 5)))["W"]
    assert (zeros.verdict, zeros.diagnosis) == ("fail", "zeros")
    swapped = found(W=right["V"], V=right["W"])
    for name, other in (("W", "V"), ("V", "W")):
        assert (swapped[name].verdict, swapped[name].diagnosis) == ("fail", "swapped")
        assert f"it is dL/d{other}" in swapped[name].remark
    stale = found(W=right["V"])["W"]
    assert (stale.verdict, stale.diagnosis) == ("fail", "other-derivative")
    factor = found(b=right["b"] * 6)["b"]
    assert (factor.verdict, factor.diagnosis) == ("fail", "scale")
    assert factor.remark == "yours = N (= 6) × expected"
    part = right["X"].copy()
    part[4:] = 0
    tail = found(X=part)["X"]
    assert (tail.verdict, tail.diagnosis) == ("fail", "zeros-in-part")
    assert tail.remark == "yours = 0 in 10 of 30 entries, and nothing else is wrong"
    turned = found(W=right["W"].T)["W"]
    assert (turned.verdict, turned.diagnosis) == ("fail", "transpose")
    broken = right["X"].copy()
    broken[0, 0] = np.inf
    infinite = found(X=broken)["X"]
    assert (infinite.verdict, infinite.diagnosis) == ("fail", "overflow")


def test_a_contribution_that_was_overwritten_is_named(session):
    rows = zip(session.derivation.rows, session.backward.steps, strict=True)
    last = [value for row, value in rows if row.target == "X"][-1]
    (result,) = judged(MODEL, {"X": last}).values()
    assert (result.verdict, result.diagnosis) == ("fail", "missing-term")
    assert result.remark.startswith("yours lacks what comes from equation ")


FAINT = """\
input x: [4]
param w: [4]
loss L = 1e-9 * sum(square(w * x))
"""


def test_gradients_far_below_the_tolerance(tmp_path):
    right = session_of(FAINT, tmp_path).backward.totals["w"]
    for wrong, diagnosis in (
        (right * 0, "zeros"),
        (right[:, ::-1] if right.shape[0] == 1 else right[::-1], "below-tolerance"),
    ):
        (result,) = judged(FAINT, {"w": wrong}).values()
        assert (result.verdict, result.diagnosis) == ("fail", diagnosis)
        assert "many an absolute tolerance sees none" in result.remark
    # A tolerance that zeros would pass is none, whoever insists on it.
    for values in (right, right * 0):
        (result,) = judged(FAINT, {"w": values}, atol=1e-5).values()
        assert (result.verdict, result.reason) == ("inconclusive", "tolerance")
        assert result.diagnosis == "below-tolerance"
        assert "zeros would pass as well" in result.message


def test_what_a_format_can_not_hold_is_said(tmp_path):
    right = session_of(FAINT, tmp_path).backward.totals["w"]
    (result,) = judged(FAINT, {"w": right.astype(np.float16)}).values()
    assert (result.verdict, result.diagnosis) == ("inconclusive", "underflow")
    assert "scale the loss" in result.remark
    (result,) = judged(FAINT, {"w": BFLOAT16.rounded(right)}, dtype="bfloat16").values()
    assert result.verdict == "pass"


def test_a_derivative_that_is_zero_may_be_as_large_as_rounding_makes_it():
    model = (
        "input x: [8, 4], c: [8, 4]\nparam b: [1, 4]\nh = x + b\nd = h - mean(h, axis=0)\n"
        "loss L = sum(c * d / sqrt(mean(d^2, axis=0) + 0.001))\n"
    )
    for size, verdict in ((1e-3, "pass"), (1.0, "fail")):
        (result,) = judged(model, {"b": np.full((1, 4), size, np.float16)}).values()
        assert (size, result.verdict) == (size, verdict)


def test_a_person_may_insist_on_tolerances(session):
    right = session.backward.totals["W"]
    off = right * 1.001
    assert judged(MODEL, {"W": off})["W"].verdict == "fail"
    assert judged(MODEL, {"W": off}, rtol=0.01)["W"].verdict == "pass"
    assert judged(MODEL, {"W": off}, rtol=1e-4)["W"].verdict == "fail"
    smallest, largest = np.min(np.abs(right)), np.max(np.abs(right))
    assert judged(MODEL, {"W": right + smallest / 2}, atol=smallest)["W"].verdict == "pass"
    assert judged(MODEL, {"W": right + largest / 2}, atol=smallest)["W"].verdict == "fail"
    # The precision of the numbers is no matter then.
    half = right.astype(np.float16)
    assert judged(MODEL, {"W": half}, rtol=1e-6)["W"].verdict == "fail"


def test_the_type_decides_and_the_option_says_it_where_there_is_none(session):
    right = {n: np.asarray(v, float) for n, v in kernel(session, "bfloat16").items()}
    single = {name: each.astype(np.float32) for name, each in right.items()}
    assert {r.verdict for r in judged(MODEL, single).values()} != {"pass"}
    for arrays in (single, right, {n: v.tolist() for n, v in right.items()}):
        assert {r.verdict for r in judged(MODEL, arrays, dtype="bfloat16").values()} == {"pass"}
    # Half precision in the file is no other precision because someone says so.
    half = {name: each.astype(np.float16) for name, each in kernel(session, "float16").items()}
    assert {r.verdict for r in judged(MODEL, half, dtype="float64").values()} == {"pass"}


# ── files ──


def test_safetensors_are_read_with_their_types(session, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    right = kernel(session, "float16")
    path = tmp_path / "grads.safetensors"
    safetensors.save_file({n: np.ascontiguousarray(v) for n, v in right.items()}, str(path))
    check = gradcli.parse(MODEL).against(path, layout="denominator")
    assert check.ok
    assert any("in float16" in note for note in check.notes)


def tensor_file(path, tensors):
    """A .safetensors file: the size of its header, the header, the bytes of the tensors."""
    header, body = {}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def bfloat16_bytes(values):
    return (np.asarray(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()


def test_bfloat16_is_read_from_safetensors_and_from_what_numpy_has_no_name_for(session, tmp_path):
    pytest.importorskip("safetensors")
    right = {n: np.asarray(v, float) for n, v in kernel(session, "bfloat16").items()}
    raw = {name: bfloat16_bytes(each) for name, each in right.items()}
    path = tmp_path / "grads.safetensors"
    tensor_file(path, {n: ("BF16", list(right[n].shape), raw[n]) for n in right})
    check = gradcli.parse(MODEL).against(path, layout="denominator")
    assert check.ok
    assert any("in bfloat16" in note for note in check.notes)
    void = {n: np.frombuffer(raw[n], "V2").reshape(right[n].shape) for n in right}
    path = tmp_path / "grads.npz"
    np.savez(path, **void)
    assert gradcli.parse(MODEL).against(path, layout="denominator", dtype="bfloat16").ok
    with pytest.raises(GradError) as caught:
        gradcli.parse(MODEL).against(path, layout="denominator")
    assert "--dtype bfloat16" in (caught.value.hint or "")


def test_data_may_be_tensors_too(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "data.safetensors"
    tensor_file(path, {"x": ("F32", [2], np.array([3, 4], "<f4").tobytes())})
    model = gradcli.parse("input x: [2]\nloss L = sum(square(x))")
    assert model.derive(data=path).gradients["x"].reshape(-1).tolist() == [6, 8]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a readable .safetensors file"),
        (b"\x10" * 100, "not a readable .safetensors file"),
        ((2).to_bytes(8, "little") + b"[]", "not a readable .safetensors file"),
        ({"x": ("BOOL", [1], b"\1")}, "an array of real numbers is expected"),
        ({"x": ("F64", [0], b"")}, "the array is empty"),
        ({"x": ("F64", [20], b"\0" * 160)}, "more than 10 elements"),
        ({"x": ("F64", [8], b"\0" * 64), "y": ("F64", [8], b"\0" * 64)}, "more than"),
    ],
)  # fmt: skip
def test_what_is_no_tensor_file_is_one_error(tmp_path, raw, message):
    pytest.importorskip("safetensors")
    path = tmp_path / "data.safetensors"
    if isinstance(raw, bytes):
        path.write_bytes(raw)
    else:
        tensor_file(path, raw)
    with pytest.raises(GradError, match=message):
        gradcli.parse("input x: [2]\nloss L = sum(x)").derive(data=path, max_elements=10)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(GradError) as caught:
        gradcli.parse("input x: [2]\nloss L = sum(x)").derive(data=tmp_path / "d.safetensors")
    assert (caught.value.kind, caught.value.hint) == (
        "missing-library",
        "pip install 'gradcli[safetensors]'",
    )


# ── formats ──


def test_rounding_to_nearest_is_that_of_numpy():
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000) * 10.0 ** rng.integers(-12, 6, 2000)
    values = np.concatenate([values, [0, 65504, 65519, 65520, 6e-8, 2.9e-8, np.inf, -np.inf]])
    with np.errstate(over="ignore"):
        for precision, dtype in ((HALF, np.float16), (SINGLE, np.float32)):
            np.testing.assert_array_equal(precision.rounded(values), values.astype(dtype))
            info = np.finfo(dtype)
            assert precision.epsilon == info.eps
            assert precision.largest == info.max
            assert precision.normal == info.tiny
            assert precision.smallest == info.smallest_subnormal


def test_rounding_to_bfloat16_is_that_of_its_library():
    dtype = pytest.importorskip("ml_dtypes").bfloat16
    values = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    np.testing.assert_array_equal(BFLOAT16.rounded(values), values.astype(dtype).astype(float))
    (result,) = judged(
        "input x: [3] = [1, 2, 3]\nloss L = sum(square(x))", {"x": np.array([2, 4, 6], dtype)}
    ).values()
    assert result.verdict == "pass"


@pytest.mark.parametrize("name", FORMATS)
def test_drawn_neighbours_are_neighbours_and_right_in_the_mean(name):
    precision = FORMATS[name]
    if precision.digits > 24:
        pytest.skip("nothing of a double is lost")
    values = np.full(20_000, 1 + precision.epsilon / 4)
    found = precision.rounded(values, np.random.default_rng(0))
    assert set(found.tolist()) == {1.0, 1 + precision.epsilon}
    assert abs((found.mean() - 1) / precision.epsilon - 0.25) < 0.02


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"dtype": "float8"}, "dtype is"), ({"rtol": -1.0}, "rtol is a number from 0 on"), ({"atol": np.nan}, "atol is a number from 0 on")],
)  # fmt: skip
def test_what_can_not_be_said_is_an_error(asked, message):
    with pytest.raises(GradError, match=message):
        gradcli.parse(MODEL).against({"W": np.ones((5, 5))}, **asked)


def test_the_command_takes_the_options(tmp_path, session, monkeypatch):
    def command(*arguments):
        return CliRunner().invoke(app, ["check", "half.eq", *arguments])

    monkeypatch.chdir(tmp_path)
    (tmp_path / "half.eq").write_text(MODEL, encoding="utf-8")
    right = {n: np.asarray(v, float) for n, v in kernel(session, "bfloat16").items()}
    np.savez(tmp_path / "wrong.npz", **right | {"W": right["W"] * 0})
    shared = ["--against", "wrong.npz", "--layout", "denominator"]
    asked = command(*shared, "--dtype", "bfloat16", "--json")
    assert asked.exit_code == 1
    found = {each["name"]: each["diagnosis"] for each in json.loads(asked.stdout)["results"]}
    assert found == {"X": "", "W": "zeros", "V": "", "b": ""}
    text = command(*shared, "--rtol", "0.1", "--atol", "0.01")
    assert text.exit_code == 1
    assert "zeros: yours = 0 throughout" in text.stdout
    alone = command("--rtol", "0.1")
    assert alone.exit_code == 2
    assert "--dtype, --rtol and --atol go with --against grads.npz" in alone.stderr
