"""What a person probably meant by a name that is not known."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһνοΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХ",
    "aeopcyxijsdhvoABEZHIKMNOPTYXABEKMHOPCTX",
)
# What other languages and books call what is here, and how it is written.
FOREIGN = {
    "absolute": "write abs(x)",
    "adaptive_avg_pool2d": "write mean(x, axis=(2, 3))",
    "add": "write a + b",
    "amax": "write max(x)",
    "amin": "write min(x)",
    "average": "write mean(x)",
    "avg": "write mean(x)",
    "avgpool": "write avgpool1d(x, 2) or avgpool2d(x, 2)",
    "batch_norm": "write (x - mean(x, axis=(0, 2, 3))) / sqrt(var(x, axis=(0, 2, 3)) + 1e-5)",
    "batchnorm": "write (x - mean(x, axis=0)) / sqrt(var(x, axis=0) + 1e-5)",
    "bernoulli": "a value is drawn where it is declared: const m: [N] ~ bernoulli(0.6)",
    "betaln": "write lgamma(a) + lgamma(b) - lgamma(a + b)",
    "binary_cross_entropy": "write bce(p, y)",
    "bincount": "write segment_sum(ones(N), i, V)",
    "bmm": "the matrix product is written A @ B",
    "cat": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "cbrt": "write x^(1/3)",
    "cho_solve": "write solve_triangular(L, solve_triangular(L, b), trans=1)",
    "chol": "write cholesky(A)",
    "cholesky_inverse": "write inv_spd(A), of the matrix itself",
    "cholesky_solve": "write solve_triangular(L, solve_triangular(L, b), trans=1)",
    "chunk": "parts are slices: x[0:N]",
    "clamp_max": "write minimum(x, a)",
    "clamp_min": "write maximum(x, a)",
    "col2im": "write fold(x, [H, W], [K, K])",
    "concatenate": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "conv": "write conv1d(x, w) or conv2d(x, w)",
    "conv3d": "convolutions have one axis or two: conv1d, conv2d",
    "convolve": "write conv1d(x, w), whose kernel is not turned round",
    "cross_entropy_loss": "write cross_entropy(z, y)",
    "cumulative_prod": "write cumprod(x)",
    "cumulative_sum": "write cumsum(x)",
    "detach": "write stop(x)",
    "diff": "write x[1 : N, :] - x[0 : N-1, :]",
    "divide": "write a / b",
    "dropout": "declare a mask, const m: [N] ~ bernoulli(0.9), and write x * m / 0.9",
    "eig": "of a symmetric matrix: w = eigh_values(A), V = eigh_vectors(A)",
    "eigh": "each part has a line of its own: w = eigh_values(A), V = eigh_vectors(A)",
    "embedding": "rows are C[i], of an index i: [N] in 0..V-1",
    "equal": "write a == b",
    "fabs": "write abs(x)",
    "flatten": "write reshape(x, [N*M])",
    "fliplr": "write flip(x, axis=1)",
    "flipud": "write flip(x)",
    "full": "write 2 * ones(N, M)",
    "full_like": "write 2 * ones(N, M)",
    "gammaln": "write lgamma(x)",
    "gather": "rows are C[i], entries pick(x, i, axis=1), of an index i: [N] in 0..V-1",
    "global_avg_pool": "write mean(x, axis=(2, 3))",
    "greater": "write a > b",
    "hardswish": "write x * relu6(x + 3) / 6",
    "hsplit": "parts are slices: x[:, 0:M]",
    "hstack": "concat(a, b, axis=1) joins side by side",
    "huber_loss": "write huber(x, y, delta)",
    "identity": "write eye(N)",
    "im2col": "write unfold(x, [K, K])",
    "index_add": "write segment_sum(x, i, N)",
    "inner": "write dot(x, y)",
    "int": "write floor(x)",
    "kl_div": "write kl(p, q)",
    "layer_norm": "write (x - mean(x)) / sqrt(var(x) + 1e-5)",
    "layernorm": "write (x - mean(x)) / sqrt(var(x) + 1e-5)",
    "len": "a size is known by its dim's name",
    "less": "write a < b",
    "linspace": "write a + arange(N) * (b - a) / (N - 1)",
    "ln": "the natural logarithm is log(x)",
    "log10": "write log(x) / log(10)",
    "log2": "write log(x) / log(2)",
    "log_sum_exp": "write logsumexp(x)",
    "logistic": "write sigmoid(x)",
    "logit": "write log(p / (1 - p))",
    "logsoftmax": "write log_softmax(x)",
    "masked_fill": "write where(mask, value, x)",
    "matmul": "the matrix product is written A @ B",
    "matrix_exp": "write expm(A)",
    "max_pool": "write maxpool1d(x, 2) or maxpool2d(x, 2)",
    "maxpool": "write maxpool1d(x, 2) or maxpool2d(x, 2)",
    "mm": "the matrix product is written A @ B",
    "moveaxis": "write permute(x, (1, 2, 0))",
    "mse_loss": "write mse(x, y)",
    "mul": "the elementwise product is written a * b",
    "multiply": "the elementwise product is written a * b",
    "neg": "write -x",
    "negative": "write -x",
    "nll_loss": "write -mean(pick(logp, i, axis=1)), of an index i: [N] in 0..K-1",
    "no_grad": "write stop(x)",
    "normal": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "one_hot": "onehot(i, V) of an index i; drawn labels: const Y: [N, K] ~ onehot(axis=1)",
    "ones_like": "write ones(N, M)",
    "pow": "a power is written x^2",
    "power": "a power is written x^2",
    "qr": "each part has a line of its own: Q = qr_q(A), R = qr_r(A)",
    "rand": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "randn": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "range": "a range stands in `for t in 1..T`",
    "ravel": "write reshape(x, [N*M])",
    "reciprocal": "write 1 / x",
    "relu_": "write relu(x)",
    "repeat": "write broadcast(x, [N, M])",
    "rms_norm": "write x / sqrt(mean(square(x)) + 1e-5)",
    "rsqrt": "write 1 / sqrt(x)",
    "scatter_add": "write segment_sum(x, i, N), or put(x, i, N, axis=1)",
    "scatter_sum": "write segment_sum(x, i, N)",
    "selu": "write 1.0507 * elu(x, 1.67326)",
    "sgn": "write sign(x)",
    "shape": "a size is known by its dim's name",
    "size": "a size is known by its dim's name",
    "slogdet": "write logdet(A), which is log|det A|",
    "split": "parts are slices: x[0:N]",
    "sqr": "write square(x), or x^2",
    "stop_gradient": "write stop(x)",
    "subtract": "write a - b",
    "svd": "each part has a line of its own: U = svd_u(A), s = svd_s(A), V = svd_v(A)",
    "swapaxes": "write permute(x, (0, 2, 1)), or x.T",
    "take": "rows are C[i], entries pick(x, i, axis=1), of an index i: [N] in 0..V-1",
    "take_along_axis": "write pick(x, i, axis=1)",
    "take_along_dim": "write pick(x, i, axis=1)",
    "tensordot": 'write einsum("ij,jk->ik", A, B)',
    "tile": "write broadcast(x, [N, M])",
    "tr": "write trace(A)",
    "transpose": "a transpose is written x.T, another order of axes permute(x, (0, 2, 1))",
    "triangular_solve": "write solve_triangular(L, b)",
    "true_divide": "write a / b",
    "trunc": "write sign(x) * floor(abs(x))",
    "uniform": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "variance": "write var(x)",
    "vdot": "write dot(x, y)",
    "view": "write reshape(x, [N, M])",
    "vstack": "[a; b] stacks vertically",
    "zeros_like": "write zeros(N, M)",
    "Σ": "a sum is written sum(x), or sum(x[t] for t in 1..T)",
}

# The same of what is no function.
WORDS = {
    "True": "a mask has 1 and 0",
    "False": "a mask has 1 and 0",
    "inf": "write 1e300",
    "e": "write exp(1)",
}

LONGEST = 60  # names beyond this are not compared letter by letter
SOME = 4  # names of what there is, in a hint
MOST = 2_000  # nor are more names than these


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A hint at the known name that was probably meant."""
    names = sorted(known)
    plain = name.translate(LOOKALIKES)
    for other in names:
        if other != name and other.translate(LOOKALIKES) == plain:
            return f"did you mean `{other}`? {_other_letter(name, other)}"
    for other in names:
        if other.lower() == name.lower():
            return f"did you mean `{other}`?"
    if len(name) > LONGEST:
        return None
    for other in names:
        if len(other) == len(name) and sorted(other) == sorted(name):  # two letters changed places
            return f"did you mean `{other}`?"
    import difflib  # only where there is an error

    near = [other for other in names if abs(len(other) - len(name)) <= 3][:MOST]
    close = difflib.get_close_matches(name, near, n=1, cutoff=0.7)
    return f"did you mean `{close[0]}`?" if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """The same where a model has no such name, or else a hint at what it has."""
    names = list(known)
    return suggestion(name, names) or (f"it has {some_of(names)}" if names else "it has none")


def some_of(names: Sequence[str]) -> str:
    """The first of some names, for a hint at what there is."""
    return ", ".join(names[:SOME]) + (", …" if len(names) > SOME else "")


def _other_letter(name: str, other: str) -> str:
    """Which letter only looks like the one it stands for."""
    wrong, right = next((a, b) for a, b in zip(name, other, strict=True) if a != b)
    odd, where = (wrong, "here") if not wrong.isascii() else (right, "there")
    return f"The `{odd}` {where} is another letter, {unicodedata.name(odd, 'unnamed').lower()}"
