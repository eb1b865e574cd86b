"""What is true of each operation of the table, and what is nearly so.

Each line is a model's two quantities a and b: `true` where they are one for all inputs, `false` where
they are not. Of the false ones many agree at some points, in most digits, or for one sign.
"""

from __future__ import annotations

from typing import NamedTuple

DECLARATIONS = """
dim N = 3, M = 2, K = 4
input x: [N, 1], y: [N, 1], s = 0.7, t = 1.3
input X: [N, M], Y: [N, M], A: [N, N], B: [N, N], Z: [M, K], U: [K, N, M]
input S: [N, N] ~ spd(1, 2), R: [N, M] ~ normal(0, 1)
input p: [N, 1] ~ uniform(0.5, 2), q: [N, 1] ~ uniform(0.5, 2), P: [N, M] ~ uniform(0.5, 2)
const c = [1, 0, 1], k = 3
index i: [M] in 0..N-1, j: [N] in 0..M-1
"""


class Identity(NamedTuple):
    left: str
    right: str
    holds: bool


def _read(text: str, holds: bool) -> list[Identity]:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return [Identity(*line.split(" === ", 1), holds) for line in lines]  # type: ignore[arg-type]


TRUE = _read(
    """
    x + y === y + x
    (x + y) - y === x
    x * (y + 1) === x * y + x
    x / y === 1 / (y / x)
    -(x - y) === y - x
    +x === x
    0.25 * x === x / 4
    sqrt(pi) * sqrt(pi * p) === pi * sqrt(p)
    sqrt(exp(x)) * sqrt(exp(3 * x)) === exp(2 * x)
    0.1 * x + 0.2 * x === 0.3 * x
    x^3 === x * x * x
    x^-2 === 1 / square(x)
    p^0.5 === sqrt(p)
    sqrt(p * q) === sqrt(p) * sqrt(q)
    sqrt(12 * p) === 2 * sqrt(3) * sqrt(p)
    sqrt(p)^3 === p * sqrt(p)
    p^(1/3) * p^(2/3) === p
    1 / sqrt(p) === sqrt(p) / p
    p^s * p^t === p^(s + t)
    p^s === exp(s * log(p))
    2^x * 2^y === 2^(x + y)
    4^x === 2^(2 * x)
    (A @ B) @ x === A @ (B @ x)
    X.T @ x === (x.T @ X).T
    (x < y) + (x >= y) === ones(N)
    (x <= y) * 1 === 1 - (x > y)
    (x == x) * 1 === ones(N)
    (x != y) * 1 === 1 - (x == y)
    exp(x + y) === exp(x) * exp(y)
    exp(-x) === 1 / exp(x)
    exp(x / 3)^3 === exp(x)
    exp(exp(x)) * exp(-exp(x)) === ones(N)
    exp(tanh(x) + tanh(y)) === exp(tanh(x)) * exp(tanh(y))
    exp(log(p) + x) === p * exp(x)
    log(p * q) === log(q) + log(p)
    log(p / q) + log(q) === log(p)
    log(exp(x)) === x
    abs(x) === x * sign(x)
    abs(x) === relu(x) + relu(-x)
    square(x + 1) === square(x) + 2 * x + 1
    square(sin(x)) + square(cos(x)) === ones(N)
    sin(x + y) === sin(x) * cos(y) + cos(x) * sin(y)
    cos(2 * x) === 1 - 2 * square(sin(x))
    tan(x) * cos(x) === sin(x)
    tan(x / 2) === sin(x) / (1 + cos(x))
    tanh(x) === 2 * sigmoid(2 * x) - 1
    1 - tanh(x)^2 === 4 / (exp(x) + exp(-x))^2
    sigmoid(-x) === 1 - sigmoid(x)
    relu(2 * x) === 2 * relu(x)
    relu(x) === x * (x > 0)
    leaky_relu(x, 0.1) === maximum(x, 0.1 * x)
    elu(x, 1) === where(x > 0, x, exp(x) - 1)
    softplus(x) - softplus(-x) === x
    exp(softplus(x)) === 1 + exp(x)
    log(sigmoid(x)) - log(1 - sigmoid(x)) === x
    erf(x + y) === erf(y + x)
    gelu(x) === x * (1 + erf(x / sqrt(2))) / 2
    silu(x) === x / (1 + exp(-x))
    maximum(x, y) === y + relu(x - y)
    minimum(x, y) === x + y - maximum(x, y)
    where(c, x, y) === c * x + (1 - c) * y
    sum(x + y) === sum(x) + sum(y)
    sum(X, axis=0) === ones(N).T @ X
    mean(X, axis=1) === sum(X, axis=1) / M
    mean(X) === 1 / (N * M) * sum(X)
    prod(x) === x[0] * x[1] * x[2]
    max(x) === sum(is_max(x) * x)
    min(x) === -max(-x)
    is_min(x) === is_max(-x)
    exp(x - logsumexp(x)) === softmax(x)
    norm(x)^2 === sum(square(x))
    norm(2 * x) === 2 * norm(x)
    softmax(x + s) === softmax(x)
    softmax(x) === exp(x - max(x)) / sum(exp(x - max(x)))
    softmax(x * (c > 0) - 1e9 * (c == 0)) === softmax(where(c, x, -1e9))
    exp(log_softmax(X, axis=1)) === softmax(X, axis=1)
    zeros(N) + x === x
    ones(N) * x === x
    eye(N) @ x === x
    [1, 2, 3] * x === [1; 2; 3] * x
    dot(x, y) === x.T @ y
    outer(x, y) === x @ y.T
    trace(A @ B) === trace(B @ A)
    inv(A @ B) === inv(B) @ inv(A)
    det(A @ B) === det(A) * det(B)
    cofactor(A) === det(A) * inv(A).T
    logdet(A @ B) === logdet(A) + logdet(B)
    solve(A, x) === inv(A) @ x
    diag(x) @ y === x * y
    diag(diag(x)) === x
    x[0:2] === [x[0]; x[1]]
    concat(x, y) === [x; y]
    sum(stack(x, y)) === sum(x) + sum(y)
    reshape(reshape(X, [M, N]), [N, M]) === X
    broadcast(s, [N, 1]) === s * ones(N)
    scatter("0:1, :; 1:3, :", x[0:1], x[1:3], [N, 1]) === x
    einsum("ij,jk->ik", X, Z) === X @ Z
    einsum("bij,jk->bik", U, Z) === U @ Z
    stop(x) * y === x * y
    cumsum(x)[2] === sum(x)
    cumprod(x)[2] === prod(x)
    cummax(x) + x === x + cummax(x)
    cummax(x)[2] === max(x)
    cummax(x, reverse=1)[0] === max(x)
    scan(ones(N), x) === cumsum(x)
    permute(permute(U, (1, 2, 0)), (2, 0, 1)) === U
    squeeze(expand_dims(U, axis=1), axis=1) === U
    sum(U, axis=(0, 2)) === sum(sum(U, axis=0), axis=2)
    pad(x, 1)[1:4] === x[::1]
    conv1d(U, reshape(B, [N, N, 1])) === einsum("knm,fn->kfm", U, B)
    conv2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])) === expand_dims(einsum("knm,fn->kfm", U, B), axis=3)
    sum(conv1d(U, reshape(B, [N, N, 1])) * U) === sum(U * conv_transpose1d(U, reshape(B, [N, N, 1])))
    sum(conv1d(U, reshape(B, [N, N, 1])) * U) === sum(reshape(B, [N, N, 1]) * conv1d_weight(U, U, [1]))
    sum(conv2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])) * expand_dims(U, axis=3)) === sum(expand_dims(U, axis=3) * conv_transpose2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])))
    sum(conv2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])) * expand_dims(U, axis=3)) === sum(reshape(B, [N, N, 1, 1]) * conv2d_weight(expand_dims(U, axis=3), expand_dims(U, axis=3), [1, 1]))
    maxpool1d(U, M) === max(U, axis=2)
    maxpool2d(expand_dims(U, axis=3), 1) === expand_dims(U, axis=3)
    max_unpool1d(maxpool1d(U, M), U, M) === U * is_max(U, axis=2)
    max_unpool2d(expand_dims(U, axis=3), expand_dims(U, axis=3), 1) === expand_dims(U, axis=3)
    max_taken1d(square(U), U, M) === sum(square(U) * is_max(U, axis=2), axis=2)
    max_taken2d(square(expand_dims(U, axis=3)), expand_dims(U, axis=3), 1) === square(expand_dims(U, axis=3))
    avgpool1d(U, M) === mean(U, axis=2)
    avgpool2d(expand_dims(U, axis=3), 1) === expand_dims(U, axis=3)
    fold(unfold(U, [1]), [M], [1]) === U
    flip(flip(x)) === x
    roll(x) === [x[2]; x[0]; x[1]]
    shift(x) === [0; x[0]; x[1]]
    tril(A) + triu(A, k=1) === A
    arange(N) * x === x * [0; 1; 2]
    log1p(p) === log(1 + p)
    expm1(x) + 1 === exp(x)
    exp(log_sigmoid(x)) === sigmoid(x)
    exp(logaddexp(x, y)) === exp(x) + exp(y)
    softsign(x) === x / (1 + abs(x))
    mish(x) === x * tanh(log(1 + exp(x)))
    relu6(x) === minimum(relu(x), 6)
    hardtanh(x) === clip(x, -1, 1)
    asin(x / 3) * 2 === asin(x / 3) + asin(2 * x / 6)
    acos(x / 3) + 0 === acos(1 / 3 * x)
    atan(x + y) === atan(y + x)
    atan2(x, y + 0) === atan2(x + 0, y)
    sinh(2 * x) === 2 * sinh(x) * cosh(x)
    cosh(x)^2 === 1 + sinh(x)^2
    exp(asinh(x)) === x + sqrt(x^2 + 1)
    exp(acosh(1 + p)) === 1 + p + sqrt(p^2 + 2 * p)
    exp(2 * atanh(x / 4)) === (4 + x) / (4 - x)
    erfc(x) === 1 - erf(x)
    normal_cdf(x) === (1 + erf(x / sqrt(2))) / 2
    lgamma(p + 1 - 1) === lgamma(p)
    digamma(2 * p / 2) === digamma(p)
    polygamma(p, order=2) * 2 === polygamma(p, order=2) + polygamma(p + 0, order=2)
    round(x) * y === y * round(x)
    floor(x) + ceil(x) === 2 * floor(x) + 1
    cross(x, y) === -cross(y, x)
    kron(X, Z) @ kron(X.T, Z.T) === kron(X @ X.T, Z @ Z.T)
    var(X, axis=1) === mean(square(X), axis=1) - mean(X, axis=1)^2
    std(x) === sqrt(mean(square(x - mean(x))))
    normalize(x) === x / norm(x)
    X[i] === onehot(i, N) @ X
    segment_sum(X[i], i, N) === onehot(i, N).T @ X[i]
    pick(X, j, axis=1) === sum(X * onehot(j, M), axis=1)
    put(x, j, M, axis=1) === x * onehot(j, M)
    argmax(x) === dot(is_max(x), arange(N))
    argmin(x) === argmax(-x)
    sort(x)[0] === min(x)
    sort(x) === x[argsort(x)]
    topk(x, 1) * 1 === is_max(x)
    (X - mean(X, axis=1)) / sqrt(mean(square(X - mean(X, axis=1)), axis=1) + 1e-5) === (X - mean(X, axis=1)) * (sum(square(X - mean(X, axis=1)), axis=1) / M + 0.00001)^-0.5
    expm(A + B) === expm(B + A)
    eigh_values(S + A) === eigh_values(A + S)
    eigh_vectors(S + A) === eigh_vectors(A + S)
    svd_u(A + B) === svd_u(B + A)
    svd_s(A + B) === svd_s(B + A)
    svd_v(A + B) === svd_v(B + A)
    cholesky(S) @ cholesky(S).T === S
    inv_spd(S) === inv(S)
    inv_spd(S) @ x === solve_triangular(cholesky(S), solve_triangular(cholesky(S), x), trans=1)
    solve_triangular(A, x) === inv(tril(A)) @ x
    solve_triangular(A, x, lower=0) === solve_triangular(A.T, x, trans=1)
    qr_q(R) @ qr_r(R) === R
    qr_q(R).T @ qr_q(R) === eye(M)
    permute(U, (1, 2, 0)) === permute(permute(U, (2, 0, 1)), (2, 0, 1))
    squeeze(expand_dims(X, axis=0), axis=0) === X
    sum(expand_dims(X, axis=1), axis=1) === expand_dims(X, axis=1)
    """,
    True,
)
FALSE = _read(
    """
    x + y === x - y
    X[i] === 2 * X[i]
    segment_sum(X[i], i, N) === X
    pick(X, j, axis=1) === X[:, 0]
    put(x, j, M, axis=1) === 2 * x * onehot(j, M)
    argmax(x) === argmin(x)
    sort(x) === x
    argsort(x) * 1 === arange(N) * 2
    topk(x, 1) * 1 === topk(x, 2) * 1
    stop(x) === stop(y)
    cumsum(x) === x
    cumprod(x) === cumsum(x)
    cummax(x) === x
    scan(x, y) === scan(y, x)
    permute(U, (0, 2, 1)) === reshape(U, [K, M, N])
    squeeze(expand_dims(U, axis=1), axis=1) === -U
    pad(x, 1)[0:3] === x[::1]
    conv1d(U, reshape(B, [N, N, 1])) === einsum("knm,nf->kfm", U, B)
    conv2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])) === expand_dims(einsum("knm,nf->kfm", U, B), axis=3)
    conv_transpose1d(U, reshape(B, [N, N, 1])) === conv1d(U, reshape(B, [N, N, 1]))
    conv_transpose2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1])) === conv2d(expand_dims(U, axis=3), reshape(B, [N, N, 1, 1]))
    conv1d_weight(U, U, [1]) === reshape(B, [N, N, 1])
    conv2d_weight(expand_dims(U, axis=3), expand_dims(U, axis=3), [1, 1]) === reshape(B, [N, N, 1, 1])
    maxpool1d(U, M) === mean(U, axis=2)
    maxpool2d(expand_dims(U, axis=3), 1) === relu(expand_dims(U, axis=3))
    max_unpool1d(maxpool1d(U, M), U, M) === U
    max_unpool2d(expand_dims(U, axis=3), expand_dims(U, axis=3), 1) === relu(expand_dims(U, axis=3))
    max_taken1d(square(U), U, M) === max(square(U), axis=2)
    max_taken2d(square(expand_dims(U, axis=3)), expand_dims(U, axis=3), 1) === expand_dims(U, axis=3)
    avgpool1d(U, M) === max(U, axis=2)
    avgpool2d(expand_dims(U, axis=3), 1) === relu(expand_dims(U, axis=3))
    fold(unfold(U, [1]), [M], [1]) === 2 * U
    flip(x) === x
    roll(x) === shift(x)
    tril(A) === triu(A)
    arange(N) * x === x
    log1p(p) === log(p)
    expm1(x) === exp(x)
    log_sigmoid(x) === log_sigmoid(-x)
    logaddexp(x, y) === x + y
    softsign(x) === x / (1 + x^2)
    mish(x) === x * sigmoid(x)
    relu6(x) === 6 - relu6(x)
    hardtanh(x) === clip(x, -1, 2) + 1
    asin(x / 3) === acos(x / 3)
    atan(x) === x
    atan2(x, y) === atan2(y, x)
    sinh(x) === cosh(x)
    asinh(x) === x
    acosh(1 + p) === p
    atanh(x / 4) === x / 4
    erfc(x) === 1 + erf(x)
    normal_cdf(x) === erf(x)
    lgamma(p) === digamma(p)
    polygamma(p, order=2) === polygamma(p)
    round(x) * x === x * x
    floor(x) === ceil(x)
    cross(x, y) === cross(y, x)
    kron(X, Z) === kron(X * 2, Z)
    var(X, axis=1) === mean(square(X), axis=1)
    std(x) === var(x)
    normalize(x) === x
    gelu(x) === x * erf(x)
    logdet(A) === det(A)
    +x === -x
    [x; y] === [y; x]
    softplus(x) === softplus(-x)
    x * y === x * y * (1 + 1e-12)
    x === x + 1e-30
    x / y === y / x
    0.25 * x === x / 3
    0.1 * x === 0.1000000000001 * x
    x^3 === x^2
    x^2 === abs(x)
    sqrt(p) === p
    sqrt(p * q) === sqrt(p) * q
    sqrt(p + q) === sqrt(p) + sqrt(q)
    p^0.5 === p^0.25
    A @ B === B @ A
    X @ Z === X @ (Z * 1.5)
    (x < 100) * x === (x > 100) * x
    (x <= x + 1) * y === 0 * y
    (x >= x + 1) * y === y
    (x == y) * x === x
    (x != y) * x === 0 * x
    exp(x + y) === exp(x) + exp(y)
    exp(2 * x) === exp(x)
    exp(x) === exp(x + 1e-9)
    exp(exp(x)) === exp(x)^2
    exp(x * y) === exp(x)^2
    log(p) + x === x
    abs(x) - x === abs(x) + x
    sign(x) === -sign(x)
    square(x) === 2 * x
    sin(2 * x) === 2 * sin(x)
    cos(x) === sin(x)
    sin(x)^2 === 1 + cos(x)^2
    tan(x) === sin(x)
    tanh(x) === sigmoid(2 * x)
    1 - tanh(x)^2 === 1 - tanh(x)
    sigmoid(x) === sigmoid(-x)
    relu(x) === x + 0 * relu(x)
    leaky_relu(x, 0.1) === leaky_relu(x, 0.2)
    elu(x, 1) === elu(x, 2)
    silu(x) === sigmoid(x)
    maximum(x, y) === minimum(x, y)
    where(c, x, y) === where(c, y, x)
    -1e9 * x === -1e9 * x + 1e-9
    sum(x) === mean(x)
    mean(X, axis=0) === sum(X, axis=0) / 2
    prod(x) === sum(x)
    max(x) === min(x)
    is_max(x) === is_min(x)
    softmax(x) === exp(x)
    softmax(X, axis=0) === softmax(X, axis=1)
    softmax(x) === softmax(2 * x)
    softmax(where(c, x, -1e9)) === softmax(x)
    norm(x) === sum(square(x))
    zeros(N) === ones(N)
    eye(N) @ A === A.T
    [1, 2, 3] * x === [1, 2, 4] * x
    dot(x, y) === dot(x, x)
    outer(x, y) === outer(y, x)
    trace(A @ B) === trace(A) * trace(B)
    inv(A @ B) === inv(A) @ inv(B)
    det(A + B) === det(A) + det(B)
    cofactor(A) === cofactor(A).T
    solve(A, x) === A @ x
    diag(x) @ y === x
    x[0:2] === x[1:3]
    concat(x, y) === concat(y, x)
    sum(stack(x, y), axis=1) === sum(stack(x, y), axis=0)
    reshape(X, [M, N]) === X.T
    broadcast(s, [N, 1]) === t * ones(N)
    scatter("0:1, :; 1:3, :", x[0:1], x[1:3], [N, 1]) === -x
    einsum("ij,jk->ik", X, Z) === 2 * (X @ Z)
    cholesky(S) === cholesky(S).T
    inv_spd(S) === inv(S) + 1e-15 * S
    solve_triangular(A, x) === solve(A, x)
    qr_q(R) === R
    qr_r(R) === R.T @ R
    permute(U, (1, 0, 2)) === permute(U, (1, 0, 2)) * 1.000000001
    squeeze(expand_dims(X, axis=0), axis=0) === 2 * X - X * (1 + 1e-18)
    expm(A) === expm(B)
    eigh_values(S) === eigh_values(A)
    eigh_vectors(S) === eigh_vectors(A)
    svd_u(A) === svd_u(B)
    svd_s(A) === svd_s(B)
    svd_v(A) === svd_v(B)
    """,
    False,
)
