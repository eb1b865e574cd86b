"""Mistakes in derivations written by hand, on the models of examples/: each is found in its line, its
cause is named, and the correction mends.
"""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple

import pytest
from person_support import review

from gradcli.check.derivation.findings import WRONG, Report


class Work(NamedTuple):
    """A derivation that is right, and changes of it: what stands there, what a person wrote, and the
    causes that name it.
    """

    model: str
    text: str
    mistakes: tuple[tuple[str, str, str], ...]


WORKS = (
    # The cell's own total under a name of the person's own, from what is given of it.
    Work(
        "lstm",
        """
        layout denominator
        d_o = dL/dh_t * np.tanh(C_t)
        dC = dL/dC_t + dL/dh_t * o_t * (1 - np.tanh(C_t)**2)
        d_g = dC * i_t
        d_f = dC * C_prev
        da_g = d_g * C_tilde * (1 - C_tilde)
        da_f = d_f * f_t * (1 - f_t)
        da_o = d_o * o_t * (1 - o_t)
        dW_fc = da_f @ C_prev.T
        dW_fx = da_f @ x.T
        dW_ch = da_g @ h_prev.T
        dW_cx = da_g @ x.T
        db_c = da_g
        dW_oc = da_o @ C_prev.T
        dW_ox = da_o @ x.T
        """,
        (
            ("da_o = d_o * o_t * (1 - o_t)", "da_o = d_o * o_t", "missing-factor"),
            ("d_g = dC * i_t", "d_g = dC * f_t", "wrong-operand"),
            ("d_f = dC * C_prev", "d_f = dC * C_t", "wrong-operand"),
            ("dW_oc = da_o @ C_prev.T", "dW_oc = da_o @ C_t.T", "wrong-operand"),
            ("np.tanh(C_t)**2)", "C_t**2)", "wrong-operand"),
        ),
    ),
    Work(
        "gru",
        """
        layout denominator
        dh_tilde = dL/dh * (1 - z)
        da_h = dh_tilde * (1 - h_tilde**2)
        dU_h = da_h @ (r * h_prev).T
        dW_h = da_h @ x.T
        db_h = da_h
        """,
        (
            # another activation's derivative
            ("* (1 - h_tilde**2)", "* h_tilde * (1 - h_tilde)", "wrong-operand"),
            ("* (1 - h_tilde**2)", "* (1 - h_tilde)", "missing-factor"),
        ),
    ),
    # Numbers of places, in calls and between brackets.
    Work(
        "language/word2vec",
        """
        layout denominator
        gn = (sigmoid(near) - 1) / N
        gf = sigmoid(far) / N
        dv = gn * U[around] + einsum("nk,nkd->nd", gf, U[drawn])
        dW = segment_sum(dv, word, V)
        dU = segment_sum(gn * v, around, V)
        dU += segment_sum(einsum("nk,nd->nkd", gf, v), drawn, V)
        """,
        (
            ("gn = (sigmoid(near) - 1) / N", "gn = sigmoid(near) / N", "missing-factor"),
            ("segment_sum(gn * v, around", "segment_sum(gn * v, word", "wrong-operand"),
            ("segment_sum(dv, word", "segment_sum(dv, around", "wrong-operand"),
        ),
    ),
    Work(
        "graphs/graph_attention",
        """
        layout denominator
        s = segment_sum(weight * h[src], dst, N)
        dz = dL/dy * where(s > 0, 1, exp(s))
        dm = dz[dst]
        dweight = sum(dm * h[src], axis=1)
        dh = segment_sum(dm * weight, src, N)
        de = weight * (dweight - segment_sum(weight * dweight, dst, N)[dst])
        """,
        (
            ("dm = dz[dst]", "dm = dz[src]", "wrong-operand"),
            (
                "(dweight - segment_sum(weight * dweight, dst, N)[dst])",
                "dweight",
                "missing-accumulate",
            ),
        ),
    ),
    # A path through the variance left out, and a factor that a quantity of one's own has no part in.
    Work(
        "batchnorm",
        """
        layout denominator
        dXhat = dL/dY * gain
        rstd = 1 / np.sqrt(variance + eps)
        dX = rstd / N * (N * dXhat - dXhat.sum(0) - X_hat * (dXhat * X_hat).sum(0))
        """,
        (
            (" - X_hat * (dXhat * X_hat).sum(0))", ")", "missing-accumulate"),
            ("rstd / N * (N", "rstd * (N", "scale"),
        ),
    ),
    Work(
        "attention",
        """
        layout denominator
        dA = dL/dO @ V.T
        dS = A * (dA - (A * dA).sum(1)) / np.sqrt(D)
        dQ = dS @ K
        dK = dS.T @ Q
        """,
        (("(dA - (A * dA).sum(1))", "dA", "softmax-diagonal"),),
    ),
    Work(
        "vision/conv_relu_pool",
        """
        layout denominator
        dscores = (softmax(scores, axis=1) - onehot(y, K)) / N
        dr = max_unpool2d(reshape(dscores @ V.T, [N, F, H/2, H/2]), relu(conv), 2)
        dconv = dr * (conv > 0)
        dw = conv2d_weight(X, dconv, [3, 3], pad=1)
        """,
        (
            ("conv2d_weight(X, dconv", "conv2d_weight(X, dr", "wrong-operand"),
            (" - onehot(y, K)) / N", ") / N", "missing-factor"),
        ),
    ),
    Work(
        "vision/svm_classifier",
        """
        layout denominator
        mask = (margins > 0)
        dscores = (mask - mask.sum(1) * onehot(y, C)) / N
        """,
        (("onehot(y, C)) / N", "onehot(y, C))", "scale"),),
    ),
    Work(
        "language/preference",
        """
        layout denominator
        g = -beta * sigmoid(reward_l - reward_w)
        dW = g * better.T @ (onehot(y_w, V) - softmax(better @ W, axis=1))
        dW -= g * worse.T @ (onehot(y_l, V) - softmax(worse @ W, axis=1))
        """,
        (
            (
                "(onehot(y_l, V) - softmax(worse @ W, axis=1))",
                "onehot(y_l, V)",
                "unknown missing-factor",
            ),
        ),
    ),
    # Indices that are cut out of others, and under a name of the person's own.
    Work(
        "sequence/crf",
        """
        layout denominator
        da[T] = np.exp(a[T] - logsumexp(a[T]))
        to = y[1:T]
        for t in T..2:
            G = softmax(A + a[t-1], axis=0) * da[t].T
            dA += G
            da[t-1] = G.sum(1)
        dA -= segment_sum(put(ones(T-1, 1), to, K, axis=1), y[0:T-1], K)
        """,
        (("da[t-1] = G.sum(1)", "da[t-1] = G.mean(1)", "scale"),),
    ),
)
CASES = [(work, mistake) for work in WORKS for mistake in work.mistakes]


def found(work: Work, text: str) -> Report:
    return review(work.model, text, mended=True)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.model)
def test_what_is_right_is_called_right(work: Work) -> None:
    report = found(work, work.text)
    assert not report.wrong, [(line.target, line.message) for line in report.wrong]
    assert all(line.own or line.verdict == "right" for line in report.lines)


@pytest.mark.parametrize(("work", "mistake"), CASES, ids=lambda part: "")
def test_a_mistake_is_found_in_its_line_and_mended(
    work: Work, mistake: tuple[str, str, str]
) -> None:
    right, wrong, kinds = mistake
    text = dedent(work.text)
    assert text.count(right) == 1
    here = text[: text.index(right)].count("\n") + 1
    report = found(work, text.replace(right, wrong))
    assert [(line.line, line.diagnosis in kinds.split()) for line in report.wrong] == [(here, True)]
    (line,) = report.wrong
    assert line.expected is not None
    assert line.verdict == WRONG


def test_lines_that_divide_a_total_are_held_to_it_exactly() -> None:
    """Far above rounding of what they are made from, and beside a number that hides it."""
    model = """
        layout denominator
        dim N = 3
        input x: [N, 1], y: [N, 1]
        c = x * 1e-12 - mean(x * 1e-12)
        h = c / sqrt(mean(square(c)) + 1e-5)
        loss L = dot(h, y) * 1e6
    """
    text = """
        layout denominator
        dL/dx = (dL/dz2 * 1e-12) + 1e9 - (1e9 - 1e-5)
        dL/dx += (dL/dz1 * 1e-12) * 1.000001
    """
    for seed in (0, 2098802424):
        assert review(model, text, mended=False, seed=seed).wrong
