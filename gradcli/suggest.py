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
    "all": "write min(mask), of a mask of 1 and 0",
    "amax": "write max(x)",
    "amin": "write min(x)",
    "any": "write max(mask), of a mask of 1 and 0",
    "attention": "write softmax(Q @ K.T / sqrt(D), axis=1) @ V",
    "average": "write mean(x)",
    "avg": "write mean(x)",
    "avgpool": "write avgpool1d(x, 2) or avgpool2d(x, 2)",
    "batch_norm": "write (x - mean(x, axis=(0, 2, 3))) / sqrt(var(x, axis=(0, 2, 3)) + 1e-5)",
    "batchnorm": "write (x - mean(x, axis=0)) / sqrt(var(x, axis=0) + 1e-5)",
    "batchnorm1d": "write (x - mean(x, axis=0)) / sqrt(var(x, axis=0) + 1e-5)",
    "batchnorm2d": "write (x - mean(x, axis=(0, 2, 3))) / sqrt(var(x, axis=(0, 2, 3)) + 1e-5)",
    "bce_with_logits": "write bce_logits(z, y)",
    "bceloss": "write bce(p, y)",
    "bcewithlogitsloss": "write bce_logits(z, y)",
    "bernoulli": "a value is drawn where it is declared: const m: [N] ~ bernoulli(0.6)",
    "beta": "write exp(lgamma(a) + lgamma(b) - lgamma(a + b))",
    "betaln": "write lgamma(a) + lgamma(b) - lgamma(a + b)",
    "binary_cross_entropy": "write bce(p, y)",
    "binary_cross_entropy_with_logits": "write bce_logits(z, y)",
    "bincount": "write segment_sum(ones(N), i, V)",
    "block_diag": "write kron(eye(K), A), of equal blocks",
    "bmm": "the matrix product is written A @ B",
    "bsxfun": "arrays broadcast by themselves: x + b.T",
    "cat": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "cbrt": "write x^(1/3)",
    "cdist": "write square(x[:, None, :] - y[None, :, :]), then sqrt(sum(…, axis=2))",
    "celu": "write where(x > 0, x, a * (exp(x / a) - 1))",
    "cho_solve": "write solve_triangular(L, solve_triangular(L, b), trans=1)",
    "chol": "write cholesky(A)",
    "cholesky_inverse": "write inv_spd(A), of the matrix itself",
    "cholesky_solve": "write solve_triangular(L, solve_triangular(L, b), trans=1)",
    "chunk": "parts are slices: x[0:N]",
    "clamp_max": "write minimum(x, a)",
    "clamp_min": "write maximum(x, a)",
    "clone": "write y = x",
    "col2im": "write fold(x, [H, W], [K, K])",
    "comb": "write exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1))",
    "concatenate": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "conv": "write conv1d(x, w) or conv2d(x, w)",
    "conv2d_transpose": "write conv_transpose2d(x, w)",
    "conv3d": "convolutions have one axis or two: conv1d, conv2d",
    "convolve": "write conv1d(x, w), whose kernel is not turned round",
    "corrcoef": "write cov / outer(s, s), with s the standard deviations",
    "cosine_distance": "write 1 - cosine_similarity(x, y)",
    "cov": "write xc.T @ xc / (N - 1), with xc = x - mean(x, axis=0)",
    "cross_entropy_loss": "write cross_entropy(z, y)",
    "crossentropyloss": "write cross_entropy(z, y)",
    "cummin": "write -cummax(-x)",
    "cumulative_prod": "write cumprod(x)",
    "cumulative_sum": "write cumsum(x)",
    "detach": "write stop(x)",
    "diagflat": "write diag(x)",
    "diagonal": "write diag(A)",
    "diff": "write x[1 : N, :] - x[0 : N-1, :]",
    "divide": "write a / b",
    "dropout": "declare a mask, const m: [N] ~ bernoulli(0.9), and write x * m / 0.9",
    "dstack": "write stack(a, b, axis=2)",
    "eig": "of a symmetric matrix: w = eigh_values(A), V = eigh_vectors(A)",
    "eigh": "each part has a line of its own: w = eigh_values(A), V = eigh_vectors(A)",
    "embedding": "rows are C[i], of an index i: [N] in 0..V-1",
    "equal": "write a == b",
    "exp2": "write 2^x",
    "fabs": "write abs(x)",
    "factorial": "write exp(lgamma(n + 1))",
    "flatten": "write reshape(x, [N*M])",
    "fliplr": "write flip(x, axis=1)",
    "flipud": "write flip(x)",
    "fmod": "write x - y * floor(x / y)",
    "full": "write 2 * ones(N, M)",
    "full_like": "write 2 * ones(N, M)",
    "gamma": "write exp(lgamma(x))",
    "gammaln": "write lgamma(x)",
    "gather": "rows are C[i], entries pick(x, i, axis=1), of an index i: [N] in 0..V-1",
    "ger": "write outer(x, y)",
    "global_avg_pool": "write mean(x, axis=(2, 3))",
    "glu": "write x[:, 0:D] * sigmoid(x[:, D:2*D])",
    "greater": "write a > b",
    "group_norm": "reshape to N×G×M, and write (x - mean(x, axis=2)) / sqrt(var(x, axis=2))",
    "gumbel_softmax": "write softmax((z + G) / t), with the noise G declared",
    "hard_sigmoid": "write relu6(x + 3) / 6",
    "hardsigmoid": "write relu6(x + 3) / 6",
    "hardswish": "write x * relu6(x + 3) / 6",
    "heaviside": "write x > 0",
    "hsplit": "parts are slices: x[:, 0:M]",
    "hstack": "concat(a, b, axis=1) joins side by side",
    "huber_loss": "write huber(x, y, delta)",
    "hypot": "write sqrt(square(x) + square(y))",
    "identity": "write eye(N)",
    "im2col": "write unfold(x, [K, K])",
    "index_add": "write segment_sum(x, i, N)",
    "index_select": "rows are C[i], of an index i: [N] in 0..V-1",
    "inner": "write dot(x, y)",
    "instance_norm": "write (x - mean(x, axis=(2, 3))) / sqrt(var(x, axis=(2, 3)) + 1e-5)",
    "int": "write floor(x)",
    "interpolate": "write kron(x, ones(2, 2)) of a matrix, or conv_transpose2d(x, w, stride=2)",
    "inverse": "write inv(A)",
    "isnan": "write x != x",
    "item": "a scalar is a number already",
    "kl_div": "write kl(p, q)",
    "l1_loss": "write mean(abs(x - y))",
    "layer_norm": "write (x - mean(x, axis=1)) / sqrt(var(x, axis=1) + 1e-5)",
    "layernorm": "write (x - mean(x, axis=1)) / sqrt(var(x, axis=1) + 1e-5)",
    "leakyrelu": "write leaky_relu(x, 0.01)",
    "len": "a size is known by its dim's name",
    "length": "a size is known by its dim's name",
    "less": "write a < b",
    "linear": "write x @ W.T + b.T, or W @ x + b of a column",
    "linspace": "write a + arange(N) * (b - a) / (N - 1)",
    "ln": "the natural logarithm is log(x)",
    "log10": "write log(x) / log(10)",
    "log2": "write log(x) / log(2)",
    "log_sum_exp": "write logsumexp(x)",
    "logcumsumexp": "write m + log(cumsum(exp(x - m))), with m = max(x)",
    "logistic": "write sigmoid(x)",
    "logit": "write log(p / (1 - p))",
    "logsoftmax": "write log_softmax(x)",
    "lrelu": "write leaky_relu(x, 0.01)",
    "lstsq": "write solve(A.T @ A, A.T @ b)",
    "lu": "write solve(A, b), inv(A) or det(A), which use it",
    "masked_fill": "write where(mask, value, x)",
    "masked_select": "multiply by the mask: x * (x > 0)",
    "matmul": "the matrix product is written A @ B",
    "matrix_exp": "write expm(A)",
    "matrix_power": "write A @ A @ A",
    "max_pool": "write maxpool1d(x, 2) or maxpool2d(x, 2)",
    "maxpool": "write maxpool1d(x, 2) or maxpool2d(x, 2)",
    "mean_squared_error": "write mse(x, y)",
    "minus": "write a - b",
    "mldivide": "write solve(A, b)",
    "mm": "the matrix product is written A @ B",
    "mod": "write x - y * floor(x / y)",
    "moveaxis": "write permute(x, (1, 2, 0))",
    "mse_loss": "write mse(x, y)",
    "mseloss": "write mse(x, y)",
    "mul": "the elementwise product is written a * b",
    "multiply": "the elementwise product is written a * b",
    "neg": "write -x",
    "negative": "write -x",
    "nll_loss": "write -mean(pick(logp, i, axis=1)), of an index i: [N] in 0..K-1",
    "nllloss": "write -mean(pick(logp, i, axis=1)), of an index i: [N] in 0..K-1",
    "no_grad": "write stop(x)",
    "normal": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "numel": "a size is known by its dim's name",
    "one_hot": "onehot(i, V) of an index i; drawn labels: const Y: [N, K] ~ onehot(axis=1)",
    "ones_like": "write ones(N, M)",
    "pdist": "write square(x[:, None, :] - x[None, :, :]), then sqrt(sum(…, axis=2))",
    "pinv": "write inv(A.T @ A) @ A.T",
    "plus": "write a + b",
    "pow": "a power is written x^2",
    "power": "a power is written x^2",
    "prelu": "write where(x > 0, x, a * x)",
    "put_along_axis": "write put(x, i, N, axis=1)",
    "qr": "each part has a line of its own: Q = qr_q(A), R = qr_r(A)",
    "rand": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "randn": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "range": "numbers are arange(N); a loop's range stands in `for t in 1..T`",
    "ravel": "write reshape(x, [N*M])",
    "rearrange": "write permute(x, (0, 2, 1)), reshape(x, [N, M]) or x.T",
    "reciprocal": "write 1 / x",
    "reduce": "write sum(x, axis=1), mean(x, axis=1) or max(x, axis=1)",
    "relu_": "write relu(x)",
    "remainder": "write x - y * floor(x / y)",
    "repeat": "write broadcast(x, [N, M])",
    "repmat": "write broadcast(x, [N, M])",
    "rms_norm": "write x / sqrt(mean(square(x), axis=1) + 1e-5)",
    "rmsnorm": "write x / sqrt(mean(square(x), axis=1) + 1e-5)",
    "rot90": "write flip(x.T)",
    "rsqrt": "write 1 / sqrt(x)",
    "scaled_dot_product_attention": "write softmax(Q @ K.T / sqrt(D), axis=1) @ V",
    "scatter_add": "write segment_sum(x, i, N), or put(x, i, N, axis=1)",
    "scatter_sum": "write segment_sum(x, i, N)",
    "selu": "write 1.0507 * elu(x, 1.67326)",
    "sgn": "write sign(x)",
    "shape": "a size is known by its dim's name",
    "sigmoid_cross_entropy": "write bce_logits(z, y)",
    "sigmoid_cross_entropy_with_logits": "write bce_logits(z, y)",
    "sinc": "write sin(pi * x) / (pi * x)",
    "size": "a size is known by its dim's name",
    "slogdet": "write logdet(A), which is log|det A|",
    "smooth_l1": "write huber(x, y, 1)",
    "smooth_l1_loss": "write huber(x, y, 1)",
    "softmax_cross_entropy": "write cross_entropy(z, y)",
    "softmax_cross_entropy_with_logits": "write cross_entropy(z, y)",
    "softmin": "write softmax(-x)",
    "split": "parts are slices: x[0:N]",
    "sqr": "write square(x), or x^2",
    "step": "write x > 0",
    "stop_gradient": "write stop(x)",
    "subtract": "write a - b",
    "sumsq": "write sum(square(x))",
    "svd": "each part has a line of its own: U = svd_u(A), s = svd_s(A), V = svd_v(A)",
    "swapaxes": "write permute(x, (0, 2, 1)), or x.T",
    "swiglu": "write silu(x @ W) * (x @ V)",
    "take": "rows are C[i], entries pick(x, i, axis=1), of an index i: [N] in 0..V-1",
    "take_along_axis": "write pick(x, i, axis=1)",
    "take_along_dim": "write pick(x, i, axis=1)",
    "tensordot": 'write einsum("ij,jk->ik", A, B)',
    "threshold": "write where(x > a, x, b)",
    "tile": "write broadcast(x, [N, M])",
    "times": "the elementwise product is written a * b",
    "tr": "write trace(A)",
    "trans": "a transpose is written x.T",
    "transpose": "a transpose is written x.T, another order of axes permute(x, (0, 2, 1))",
    "trapz": "write sum((y[1 : N] + y[0 : N-1]) / 2) * dx",
    "triangular_solve": "write solve_triangular(L, b)",
    "true_divide": "write a / b",
    "trunc": "write sign(x) * floor(abs(x))",
    "uniform": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "upsample": "write kron(x, ones(2, 2)) of a matrix, or conv_transpose2d(x, w, stride=2)",
    "variance": "write var(x)",
    "vdot": "write dot(x, y)",
    "view": "write reshape(x, [N, M])",
    "vstack": "[a; b] stacks vertically",
    "xlogy": "write x * log(y)",
    "zeros_like": "write zeros(N, M)",
    "Σ": "a sum is written sum(x), or sum(x[t] for t in 1..T)",
}


def foreign(name: str) -> str | None:
    """How what others call so is written here: also nn.Conv2d, which is a layer elsewhere."""
    return FOREIGN.get(name) or FOREIGN.get(name.lower())


# The same of what is no function.
WORDS = {
    "True": "write 1; an axis is kept at size 1 without keepdims",
    "False": "write 0; a mask has 1 and 0",
    "end": "the last is x[-1], and a slice ends openly: x[1:]",
    "plus": "arrays broadcast by themselves: x + b.T",
    "π": "write pi",
    "inf": "write 1e300",
    "e": "write exp(1)",
}

# What others call an argument, and what it is here; that of one that is not here at all.
ARGUMENTS = {
    "padding": "the padding is written pad=",
    "diagonal": "the diagonal is written k=",
    "kernel_size": "the window stands behind the array: maxpool2d(x, 2)",
    "correction": "it is written ddof=",
    "unbiased": "write ddof=1",
    "shifts": "it is written shift=",
    "inplace": "every name is defined once: nothing changes in place",
    "dtype": "all numbers are real, of double precision",
    "ord": "the norm is the Euclidean one",
    "p": "the norm is the Euclidean one",
    "upper": "of an upper triangle write lower=0",
    "min": "write clip(x, low, high), maximum(x, low) or minimum(x, high)",
    "max": "write clip(x, low, high), maximum(x, low) or minimum(x, high)",
    "negative_slope": "it stands behind the array: leaky_relu(x, 0.01)",
    "alpha": "it stands behind the array: elu(x, 1)",
    "descending": "it goes from the smallest up; flip(…) turns it round",
    "bias": "a bias is added: conv2d(x, w) + b, with b: [1, F, 1, 1]",
    "reduction": "what is summed is written: sum(…) or mean(…)",
    "keepdims": "the axis is kept at size 1 without asking",
    "keepdim": "the axis is kept at size 1 without asking",
    "dim": "the axis is written axis=",
    "dims": "the axis is written axis=",
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
