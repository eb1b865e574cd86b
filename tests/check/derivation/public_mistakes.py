"""Mistakes that people made in public: errata of books, bugs of frameworks, threads of forums.

Each is a model, a derivation in its author's way of writing with the mistake in the line that ends
in `# here`, and the names of causes that tell what was wrong. The source says where such a mistake
stood; its formula is written anew for a small model.
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """A mistake. kinds: the diagnoses that name its cause."""

    source: str
    model: str
    text: str
    kinds: str


TANH_NET = """
layout denominator
dim N = 5, D = 3, H = 4, C = 4
input X: [N, D]
const Y: [N, C] ~ onehot(axis=1)
param W1: [D, H], b1: [1, H], W2: [H, C], b2: [1, C]
u1 = X @ W1 + b1
a1 = tanh(u1)
u2 = a1 @ W2 + b2
P = softmax(u2, axis=1)
loss L = -sum(Y * log(P)) / N
"""
SIGMOID_NET = """
layout denominator
dim X = 3, H = 4, K = 2
input x: [X], l: [K]
param W1: [H, X], b1: [H], W2: [K, H], b2: [K]
u = W1 @ x + b1
h = sigmoid(u)
v = W2 @ h + b2
o = sigmoid(v)
loss L = sum(square(o - l)) / 2
"""
RELU_NET = """
layout denominator
dim N = 6, D = 3, H = 4
input X: [N, D], t: [N, 1]
param W1: [D, H], b1: [1, H], W2: [H, 1], b2: [1, 1]
u = X @ W1 + b1
a = relu(u)
y = a @ W2 + b2
loss L = sum(square(y - t)) / N
"""
MEAN = "layout denominator\ndim N = 5\ninput x: [N]\ny = x + 2\nz = 3 * y * y\nloss L = mean(z)\n"
LINEAR = "layout denominator\ndim M = 3, N = 3\ninput x: [N]\nparam W: [M, N], b: [M]\nz = W @ x + b\nloss L = sum(exp(z))\n"
LOGISTIC = """
layout denominator
dim N = 6, D = 3
input X: [N, D]
const y: [N, 1] ~ bernoulli(0.5)
param w: [D, 1], b: [1, 1]
u = X @ w + b
p = sigmoid(u)
loss L = -sum(y * log(p) + (1 - y) * log(1 - p)) / N
"""
RIDGE = """
layout denominator
dim N = 6, D = 3
input X: [N, D], y: [N, 1], lam
param w: [D, 1]
e = X @ w - y
loss L = sum(square(e)) / (2 * N) + lam * sum(square(w))
"""
BATCHNORM = """
layout denominator
dim N = 6, D = 4
input X: [N, D]
param gamma: [1, D], beta: [1, D]
mu = mean(X, axis=0)
c = X - mu
var = mean(square(c), axis=0)
s = sqrt(var + 0.001)
xhat = c / s
Y = gamma * xhat + beta
given dL/dY
"""
LAYERNORM = BATCHNORM.replace("axis=0", "axis=1").replace(
    "gamma: [1, D], beta: [1, D]", "gamma: [1, D], beta: [1, D]"
)
LSTM = """
layout denominator
dim X = 3, H = 4
input x: [X], h_prev: [H], C_prev: [H]
param W_f: [H, X], U_f: [H, H], W_i: [H, X], U_i: [H, H], W_g: [H, X], U_g: [H, H], W_o: [H, X], U_o: [H, H]
a_f = W_f @ x + U_f @ h_prev
f = sigmoid(a_f)
a_i = W_i @ x + U_i @ h_prev
i = sigmoid(a_i)
a_g = W_g @ x + U_g @ h_prev
g = tanh(a_g)
a_o = W_o @ x + U_o @ h_prev
o = sigmoid(a_o)
C = f * C_prev + i * g
q = tanh(C)
h = o * q
given dL/dh, dL/dC
"""
GRU = """
layout denominator
dim X = 3, H = 4
input x: [X], h_prev: [H]
param W_z: [H, X], U_z: [H, H], W_r: [H, X], U_r: [H, H], W_h: [H, X], U_h: [H, H]
a_z = W_z @ x + U_z @ h_prev
z = sigmoid(a_z)
a_r = W_r @ x + U_r @ h_prev
r = sigmoid(a_r)
k = r * h_prev
a_h = W_h @ x + U_h @ k
n = tanh(a_h)
h = (1 - z) * n + z * h_prev
given dL/dh
"""
RNN = """
layout denominator
dim T = 3, X = 2, H = 3
input x[1..T]: [X], start: [H]
param W: [H, H], U: [H, X]
h[0] = start
for t in 1..T:
    s[t] = W @ h[t-1] + U @ x[t]
    h[t] = tanh(s[t])
loss L = sum(square(h[1])) + sum(square(h[2])) + sum(square(h[3]))
"""
ATTENTION = """
layout denominator
dim T = 4, D = 4
input Q: [T, D], K: [T, D], V: [T, D]
S = Q @ K.T / sqrt(D)
A = softmax(S, axis=1)
O = A @ V
given dL/dO
"""
VAE = """
layout denominator
dim H = 4
input mu: [H], logvar: [H], eps: [H]
std = exp(logvar / 2)
z = mu + eps * std
KL = -sum(1 + logvar - square(mu) - exp(logvar)) / 2
loss L = KL + sum(sin(z))
"""
HINGE = """
layout denominator
dim N = 5, D = 3, C = 4
input X: [N, D]
const Y: [N, C] ~ onehot(axis=1)
param W: [D, C]
S = X @ W
k = sum(S * Y, axis=1)
M = relu(S - k + 1 - Y)
loss L = sum(M) / N
"""
SVM = """
layout denominator
dim N = 6, D = 3
input X: [N, D], y: [N, 1]
param w: [D, 1]
m = 1 - y * (X @ w)
loss L = sum(relu(m)) / N
"""
DROPOUT = """
layout denominator
dim N = 4, H = 5
input a: [N, H]
input keep = 0.8
const mask: [N, H] ~ bernoulli(0.8)
d = a * mask / keep
loss L = sum(exp(d))
"""
NORMALISED = """
layout denominator
dim D = 4
input x: [D], t: [D]
r = sqrt(sum(square(x)))
n = x / r
loss L = -sum(t * n)
"""
LOGSUMEXP = "layout denominator\ndim C = 4\ninput z: [C]\ne = exp(z)\ns = sum(e)\nloss L = log(s)\n"
QUADRATIC = "layout denominator\ndim N = 4\ninput x: [N]\nparam A: [N, N]\nloss L = x.T @ A @ x\n"
INVERSE = "layout denominator\ndim N = 3\ninput B: [N, N]\ninput A: [N, N] ~ orthogonal()\nC = inv(A)\nloss L = sum(B * C)\n"
TRACE = "layout denominator\ndim N = 3\ninput A: [N, N], B: [N, N]\nloss L = trace(A @ B)\n"
SQUARED = "layout denominator\ndim N = 3, M = 4\nparam W: [N, M]\nloss L = sum(square(W))\n"
QUOTIENT = "layout denominator\ndim N = 4\ninput a: [N], b: [N]\ny = a / b\nloss L = sum(sin(y))\n"
WAVE = "layout denominator\ndim N = 4\ninput x: [N]\ny = cos(x)\nloss L = sum(exp(y))\n"
SOFTPLUS = (
    "layout denominator\ndim N = 5\ninput x: [N]\ny = log(1 + exp(x))\nloss L = sum(sin(y))\n"
)
SWISH = (
    "layout denominator\ndim N = 5\ninput x: [N]\ns = sigmoid(x)\ny = x * s\nloss L = sum(sin(y))\n"
)
GELU = "layout denominator\ndim N = 5\ninput x: [N]\nphi = normal_cdf(x)\ny = x * phi\nloss L = sum(sin(y))\n"
ELU = "layout denominator\ndim N = 6\ninput x: [N]\ny = where(x > 0, x, exp(x) - 1)\nloss L = sum(sin(y))\n"
HUBER = "layout denominator\ndim N = 6\ninput x: [N], w: [N]\ny = where(abs(x) < 1, square(x) / 2, abs(x) - 1 / 2)\nloss L = sum(w * y)\n"
GAUSSIAN = """
layout denominator
dim N = 6
input x: [N], mu
input sigma = 1.5
e = x - mu
loss L = N * log(sigma) + sum(square(e)) / (2 * sigma^2)
"""
POISSON = "layout denominator\ndim N = 5, D = 3\ninput X: [N, D], y: [N, 1]\nparam w: [D, 1]\neta = X @ w\nloss L = sum(exp(eta) - y * eta)\n"
FACTORS = """
layout denominator
dim U = 4, I = 5, K = 2
input R: [U, I]
param P: [U, K], Q: [I, K]
E = R - P @ Q.T
loss L = sum(square(E))
"""
TEMPERATURE = """
layout denominator
dim C = 4
input z: [C]
input tau = 2
const y: [C] ~ onehot(axis=0)
v = z / tau
p = softmax(v, axis=0)
loss L = -sum(y * log(p))
"""
TIED = """
layout denominator
dim V = 5, D = 3
input x: [V]
param E: [V, D]
c = E.T @ x
s = E @ c
loss L = sum(square(s))
"""
CONV = """
layout denominator
dim N = 6
input x: [N]
param w, v
y = w * x[0:5] + v * x[1:6]
loss L = sum(square(y))
"""
SCALED = """
layout denominator
dim N = 4, M = 3
input X: [N, M]
param s: [1, M], b: [1, M]
Y = X * s + b
loss L = sum(tanh(Y))
"""
RESIDUAL = """
layout denominator
dim N = 4
input x: [N]
param W: [N, N]
f = tanh(W @ x)
y = x + f
loss L = sum(square(y))
"""
DET = "layout denominator\ndim N = 3\ninput x: [N]\ninput A: [N, N] ~ spd()\nloss L = logdet(A) + x.T @ inv(A) @ x\n"
DETERMINANT = "layout denominator\ndim N = 3\ninput B: [N, N]\ninput A: [N, N] ~ spd()\nC = A + B / 10\nloss L = logdet(C)\n"

MISTAKES = (
    # ── layers and activations ──
    Mistake(
        "github.com/dennybritz/nn-from-scratch/pull/3: tanh'(z2) where tanh'(z1) belongs",
        TANH_NET,
        """
        du2 = (P - Y) / N
        dW2 = a1.T @ du2
        da1 = du2 @ W2.T
        du1 = da1 * (1 - tanh(u2)^2)                 # here
        dW1 = X.T @ du1
        """,
        "wrong-operand",
    ),
    Mistake(
        "github.com/gy910210/neural-network-from-scratch/issues/2: 1 + tanh^2",
        TANH_NET,
        """
        du2 = (P - Y) / N
        da1 = np.dot(du2, W2.T)
        du1 = da1 * (1.0 + np.square(a1))            # here
        """,
        "sign",
    ),
    Mistake(
        "github.com/arthurdouillard/deepcourse/pull/9: a bias' gradient from behind the activation",
        TANH_NET,
        """
        du2 = (P - Y) / N
        db2 = np.sum(du2, axis=0, keepdims=True)
        da1 = du2 @ W2.T
        du1 = da1 * (1 - a1**2)
        dW1 = X.T @ du1
        db1 = np.sum(da1, axis=0, keepdims=True)     # here
        """,
        "wrong-operand missing-factor",
    ),
    Mistake(
        "github.com/bighuang624/Andrew-Ng-Deep-Learning-notes/issues/10: a factor of 2 (planted by the course)",
        TANH_NET,
        """
        du2 = (P - Y) / N
        dW2 = np.dot(a1.T, du2) * 2                  # here
        db2 = np.sum(du2, axis=0)
        """,
        "scale",
    ),
    Mistake(
        "github.com/bighuang624/Andrew-Ng-Deep-Learning-notes/issues/10: 4/m for 1/m (planted by the course)",
        TANH_NET,
        """
        du2 = (P - Y) / N
        du1 = (du2 @ W2.T) * (1 - a1**2)
        db1 = 4 * np.sum(du1, axis=0)                # here
        """,
        "scale",
    ),
    Mistake(
        "github.com/Bot-Academy/NeuralNetworkFromScratch/pull/3: sigmoid' left out at the output",
        SIGMOID_NET,
        """
        delta_o = o - l                              # here
        dW2 = delta_o @ h.T
        db2 = delta_o
        delta_h = W2.T @ delta_o * h * (1 - h)
        dW1 = delta_h @ x.T
        db1 = delta_h
        """,
        "missing-factor",
    ),
    Mistake(
        "makeyourownneuralnetwork.blogspot.com, errata 4, page 99: sigmoid of what is sigmoid already",
        SIGMOID_NET,
        """
        do = o - l
        dW2 = do * sigmoid(o) * (1 - sigmoid(o)) @ h.T   # here
        """,
        "wrong-operand extra-factor",
    ),
    Mistake(
        "github.com/torch/torch7/issues/232: 1 - y for y (1 - y)",
        SIGMOID_NET,
        """
        do = o - l
        dv = do * (1 - o)                            # here
        dW2 = dv @ h.T
        """,
        "missing-factor",
    ),
    Mistake(
        "github.com/BoltzmannEntropy/interviews.ai/issues/4: x (1 - x) for y (1 - y)",
        SIGMOID_NET,
        """
        do = o - l
        dv = do * o * (1 - o)
        dh = W2.T @ dv
        du = dh * u * (1 - u)                        # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "github.com/udacity/deep-learning/pull/284: the error term of another layer",
        SIGMOID_NET,
        """
        error_term = (o - l) * o * (1 - o)
        hidden_error = W2.T @ error_term
        hidden_error_term = hidden_error             # here
        dW1 = hidden_error_term @ x.T
        db1 = hidden_error_term
        """,
        "missing-factor",
    ),
    Mistake(
        "github.com/Atcold/SP19-DL-collaborative-notes/pull/6: the linear module's weights",
        LINEAR,
        """
        dz = exp(z)
        dW = x @ dz.T                                # here
        """,
        "operand-order transpose",
    ),
    Mistake(
        "stackoverflow, many times: x.T @ W for W.T in a layer's input",
        LINEAR,
        """
        dz = exp(z)
        dx = W @ dz                                  # here
        db = dz
        """,
        "transpose",
    ),
    Mistake(
        "cs231n forum, assignment 1: the bias' gradient is not summed over the batch",
        RELU_NET,
        """
        dy = 2 * (y - t) / N
        dW2 = a.T @ dy
        da = dy @ W2.T
        du = da * (u > 0)
        db1 = du                                     # here
        """,
        "missing-sum",
    ),
    Mistake(
        "cs231n forum, assignment 1: the bias' gradient as a mean",
        RELU_NET,
        """
        dy = 2 * (y - t) / N
        du = dy @ W2.T * (u > 0)
        db1 = np.mean(du, axis=0)                    # here
        """,
        "scale shape missing-sum wrong-operand",
    ),
    Mistake(
        "cs231n forum, assignment 1: relu's mask of the gradient (as in guided backpropagation)",
        RELU_NET,
        """
        dy = 2 * (y - t) / N
        da = dy @ W2.T
        du = da * (da > 0)                           # here
        dW1 = X.T @ du
        """,
        "wrong-operand",
    ),
    Mistake(
        "cs231n forum, assignment 1: relu's mask left out",
        RELU_NET,
        """
        dy = 2 * (y - t) / N
        da = dy @ W2.T
        dW1 = X.T @ da                               # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "cs231n forum, assignment 1: relu's value for its derivative",
        RELU_NET,
        """
        dy = 2 * (y - t) / N
        da = dy @ W2.T
        du = da * a                                  # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "github.com/NVlabs/tiny-cuda-nn/pull/130: softplus' derivative, the exponent's sign",
        SOFTPLUS,
        """
        dy = cos(y)
        dx = dy / (1 + exp(x))                       # here
        """,
        "sign missing-factor",
    ),
    Mistake(
        "github.com/chainer/chainer/pull/1178: Huber's loss ignores what arrives",
        HUBER,
        """
        dx = clip(x, -1, 1)                          # here
        """,
        "missing-factor",
    ),
    Mistake(
        "github.com/eriklindernoren/ML-From-Scratch/pull/73: ELU's derivative without its 1",
        ELU,
        """
        dy = cos(y)
        dx = dy * where(x > 0, 1, y)                 # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "github.com/sony/nnabla/pull/690: GELU's derivative, the second term",
        GELU,
        """
        dy = cos(y)
        dx = dy * phi                                # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "Swish, stackoverflow: the product rule's second term",
        SWISH,
        """
        dy = cos(y)
        dx = dy * s                                  # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "Swish, stackoverflow: s (1 - s) without x",
        SWISH,
        """
        dy = cos(y)
        dx = dy * (s + s * (1 - s))                  # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "calculus, everywhere: the derivative of cos",
        WAVE,
        """
        dy = exp(y)
        dx = dy * sin(x)                             # here
        """,
        "sign",
    ),
    Mistake(
        "calculus, everywhere: the quotient's denominator",
        QUOTIENT,
        """
        dy = cos(y)
        da = dy / b
        db = -dy * a / b                             # here
        """,
        "missing-factor wrong-operand scale",
    ),
    # ── losses ──
    Mistake(
        "github.com/pytorch/tutorials/pull/709: the mean's 1/N left out",
        MEAN,
        """
        dx = 6 * (x + 2)                             # here
        """,
        "scale",
    ),
    Mistake(
        "github.com/udacity/deep-learning-v2-pytorch/pull/158: a fraction that holds for N = 4 alone",
        MEAN,
        """
        dz = 1 / 4                                   # here
        dy = dz * 6 * y
        """,
        "scale shape",
    ),
    Mistake(
        "github.com/fetchai/ledger/pull/1580: cross-entropy divided by the wrong tensor",
        TANH_NET,
        """
        dP = -Y / u2 / N                             # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "github.com/fetchai/ledger/pull/1580: the batch's average left out",
        TANH_NET,
        """
        dP = -Y / P                                  # here
        """,
        "scale",
    ),
    Mistake(
        "stackoverflow.com/questions/tagged/backpropagation: y - p for p - y",
        TANH_NET,
        """
        du2 = (Y - P) / N                            # here
        dW2 = a1.T @ du2
        """,
        "sign operand-order",
    ),
    Mistake(
        "numpy tutorials: the division by the batch's size left out",
        TANH_NET,
        """
        probs = P
        delta3 = probs - Y                           # here
        dW2 = (a1.T).dot(delta3)
        db2 = np.sum(delta3, axis=0, keepdims=True)
        delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))
        dW1 = np.dot(X.T, delta2)
        """,
        "scale",
    ),
    Mistake(
        "numpy tutorials: divided by the batch's size twice",
        TANH_NET,
        """
        du2 = (P - Y) / N
        dW2 = np.dot(a1.T, du2) / N                  # here
        """,
        "scale",
    ),
    Mistake(
        "github.com/jorgenkg/python-neural-network/pull/6: softmax like a sigmoid",
        TANH_NET,
        """
        dP = -Y / P / N
        du2 = dP * P * (1 - P)                       # here
        """,
        "softmax-diagonal",
    ),
    Mistake(
        "coursera, week 3: the hand-derived delta of squares with cross-entropy",
        LOGISTIC,
        """
        du = (p - y) * p * (1 - p) / N               # here
        dw = X.T @ du
        """,
        "extra-factor",
    ),
    Mistake(
        "github.com/SingleZombie/DL-Demos/pull/2: logistic regression, W for w",
        LOGISTIC,
        """
        du = (p - y) / N
        dw = X.T @ (u - y) / N                       # here
        db = sum(du, axis=0)
        """,
        "wrong-operand",
    ),
    Mistake(
        "coursera forum: logistic regression's sign",
        LOGISTIC,
        """
        dw = X.T @ (y - p) / N                       # here
        """,
        "sign operand-order",
    ),
    Mistake(
        "coursera forum: binary cross-entropy's derivative, the second term's sign",
        LOGISTIC,
        """
        dp = (-y / p - (1 - y) / (1 - p)) / N        # here
        """,
        "sign",
    ),
    Mistake(
        "log-sum-exp, stackoverflow: not normalised",
        LOGSUMEXP,
        """
        dz = exp(z)                                  # here
        """,
        "missing-factor",
    ),
    Mistake(
        "distillation, forums: the temperature's factor",
        TEMPERATURE,
        """
        dz = p - y                                   # here
        """,
        "missing-factor scale",
    ),
    Mistake(
        "mean squared error over two axes, forums: one size left out",
        """
        layout denominator
        dim N = 5, K = 3
        input Y: [N, K], T: [N, K]
        E = Y - T
        loss L = mean(square(E))
        """,
        """
        dE = 2 * E / N                               # here
        """,
        "scale",
    ),
    Mistake(
        "mean squared error, forums: the 2 left out",
        RELU_NET,
        """
        dy = (y - t) / N                             # here
        dW2 = a.T @ dy
        """,
        "scale",
    ),
    Mistake(
        "gaussian likelihood, stats.stackexchange: the power of sigma",
        GAUSSIAN,
        """
        dsigma = N / sigma - sum(square(e)) / sigma^2   # here
        """,
        "wrong-operand missing-factor scale",
    ),
    Mistake(
        "gaussian likelihood, stats.stackexchange: the quadratic term's sign",
        GAUSSIAN,
        """
        dsigma = N / sigma + sum(square(e)) / sigma^3   # here
        """,
        "sign",
    ),
    Mistake(
        "gaussian likelihood, stats.stackexchange: the inner derivative of x - mu",
        GAUSSIAN,
        """
        dmu = sum(e) / sigma^2                       # here
        """,
        "sign",
    ),
    Mistake(
        "poisson regression, stats.stackexchange: a sign",
        POISSON,
        """
        dw = X.T @ (exp(eta) + y)                    # here
        """,
        "sign",
    ),
    Mistake(
        "poisson regression, stats.stackexchange: the design matrix not transposed",
        POISSON,
        """
        deta = exp(eta) - y
        dw = X @ deta                                # here
        """,
        "transpose",
    ),
    # ── regularisation and margins ──
    Mistake(
        "github.com/NeuromatchAcademy/course-content-dl/issues/423: ridge's factor 2",
        RIDGE,
        """
        dw = X.T @ e / N + lam * w                   # here
        """,
        "scale",
    ),
    Mistake(
        "github.com/stephencwelch/Neural-Networks-Demystified/issues/15: the data term's 1/N",
        RIDGE,
        """
        dw = X.T @ e + 2 * lam * w                   # here
        """,
        "scale",
    ),
    Mistake(
        "github.com/thejakeyboy/umich-eecs545-lectures/pull/2: the penalty subtracted",
        RIDGE,
        """
        dw = X.T @ e / N - 2 * lam * w               # here
        """,
        "sign",
    ),
    Mistake(
        "github.com/thejakeyboy/umich-eecs545-lectures/pull/2: the 1/2 lost on the way",
        RIDGE,
        """
        dw = 2 * X.T @ e / N + 2 * lam * w           # here
        """,
        "scale",
    ),
    Mistake(
        "coursera ml, exercise 5: the penalty forgotten",
        RIDGE,
        """
        de = e / N
        dw = X.T @ de                                # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "cs231n assignment 1, svm: the correct class is not counted down",
        HINGE,
        """
        dS = (M > 0) / N                             # here
        dW = X.T @ dS
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "cs231n assignment 1, svm: once for the correct class, not once for each margin",
        HINGE,
        """
        mask = (M > 0)
        dS = (mask - Y) / N                          # here
        """,
        "missing-factor missing-sum",
    ),
    Mistake(
        "support vector machines by gradient descent, forums: no mask",
        SVM,
        """
        dw = -X.T @ y / N                            # here
        """,
        "missing-factor",
    ),
    Mistake(
        "support vector machines by gradient descent, forums: the margin's sign",
        SVM,
        """
        dw = X.T @ (y * (m > 0)) / N                 # here
        """,
        "sign",
    ),
    # ── normalisation ──
    Mistake(
        "github.com/mlpack/mlpack/pull/2474: batch normalisation, the mean's part of the variance's path",
        BATCHNORM,
        """
        dxhat = dY * gamma
        dX = (dxhat - xhat * mean(dxhat * xhat, axis=0)) / s   # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "github.com/denizyuret/Knet.jl/pull/289: dy where dxhat belongs",
        BATCHNORM,
        """
        dxhat = dY * gamma
        dX = (dY - mean(dY, axis=0) - xhat * mean(dY * xhat, axis=0)) / s   # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "github.com/ROCm/MIOpen/issues/104: the scale left out of one term",
        BATCHNORM,
        """
        dxhat = dY * gamma
        dX = (N * dY - sum(dxhat, axis=0) - xhat * sum(dxhat * xhat, axis=0)) / (N * s)   # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "batch normalisation, stackoverflow: gamma's gradient from x",
        BATCHNORM,
        """
        dgamma = np.sum(dY * X, axis=0)              # here
        dbeta = np.sum(dY, axis=0)
        """,
        "wrong-operand",
    ),
    Mistake(
        "batch normalisation, stackoverflow: the variance's 1/2",
        BATCHNORM,
        """
        dxhat = dY * gamma
        ds = sum(-dxhat * c / s^2, axis=0)
        dvar = ds / s                                # here
        """,
        "scale",
    ),
    Mistake(
        "batch normalisation, stackoverflow: the power -3/2 as -1/2",
        BATCHNORM,
        """
        dxhat = dY * gamma
        dvar = -0.5 * sum(dxhat * c, axis=0) / s     # here
        """,
        "missing-factor wrong-operand",
    ),
    Mistake(
        "github.com/apache/mxnet/issues/18499: the gradient is written, not added",
        BATCHNORM,
        """
        dxhat = dY * gamma
        dc = dxhat / s
        dvar = sum(-dxhat * c / s^2, axis=0) / (2 * s)
        dc = 2 * c * dvar / N                        # here
        """,
        "missing-accumulate",
    ),
    Mistake(
        "github.com/flagos-ai/FlagGems/pull/59: layer normalisation's sums over all rows",
        LAYERNORM,
        """
        dxhat = dY * gamma
        dX = (dxhat - sum(dxhat) / D - xhat * mean(dxhat * xhat, axis=1)) / s   # here
        """,
        "shape missing-sum wrong-operand",
    ),
    Mistake(
        "layer normalisation kernels: sums where means belong",
        LAYERNORM,
        """
        dxhat = dY * gamma
        dX = (dxhat - mean(dxhat, axis=1) - xhat * sum(dxhat * xhat, axis=1)) / s   # here
        """,
        "scale",
    ),
    Mistake(
        "layer normalisation kernels: the sign of one term",
        LAYERNORM,
        """
        dxhat = dY * gamma
        dX = (dxhat - mean(dxhat, axis=1) + xhat * mean(dxhat * xhat, axis=1)) / s   # here
        """,
        "sign",
    ),
    Mistake(
        "layer normalisation kernels: gamma's gradient over the features",
        LAYERNORM,
        """
        dgamma = sum(dY * xhat, axis=1)              # here
        """,
        "shape",
    ),
    Mistake(
        "cosine similarity, stackoverflow: the projection left out",
        NORMALISED,
        """
        dn = -t
        dx = dn / r                                  # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "norms, math.stackexchange: x for x / |x|",
        NORMALISED,
        """
        dn = -t
        dr = sum(-dn * x / r^2)
        dx = dn / r
        dx += dr * x                                 # here
        """,
        "missing-factor wrong-operand",
    ),
    # ── recurrent networks ──
    Mistake(
        "lzwjava.github.io/notes/2025-09-06-lstm-bugs-fixes-en: C[t] for C[t-1]",
        LSTM,
        """
        dL/dC += dh * o * (1 - q^2)
        df = dC * C                                  # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "lzwjava.github.io/notes/2025-09-06-lstm-bugs-fixes-en: the nonlinearity for its derivative",
        LSTM,
        """
        dL/dC += dh * o * (1 - q^2)
        df = dC * C_prev
        da_f = df * sigmoid(a_f)                     # here
        """,
        "missing-factor",
    ),
    Mistake(
        "github.com/CaptainE/RNN-LSTM-in-numpy/pull/2: the derivative's flag forgotten",
        LSTM,
        """
        dL/dC += dh * o * (1 - q^2)
        dg = dC * i
        da_g = dg * tanh(a_g)                        # here
        """,
        "wrong-operand missing-factor",
    ),
    Mistake(
        "lstm tutorials: the cell's gradient from the step behind is overwritten",
        LSTM,
        """
        dC = dh * o * (1 - q^2)                      # here
        """,
        "missing-accumulate",
    ),
    Mistake(
        "lstm tutorials: tanh(C)' left out",
        LSTM,
        """
        do = dh * q
        dC += dh * o                                 # here
        """,
        "missing-factor",
    ),
    Mistake(
        "lstm tutorials: 1 - C^2 for 1 - tanh(C)^2",
        LSTM,
        """
        dC += dh * o * (1 - C**2)                    # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "lstm tutorials: the input gate times itself",
        LSTM,
        """
        dC += dh * o * (1 - q^2)
        di = dC * i                                  # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "lstm tutorials: one gate's path to h_prev left out",
        LSTM,
        """
        dC += dh * o * (1 - q^2)
        da_f = dC * C_prev * f * (1 - f)
        da_i = dC * g * i * (1 - i)
        da_g = dC * i * (1 - g^2)
        da_o = dh * q * o * (1 - o)
        dh_prev = U_f.T @ da_f + U_i.T @ da_i + U_o.T @ da_o   # here
        """,
        "missing-accumulate missing-factor",
    ),
    Mistake(
        "gru tutorials: the reset gate forgotten on the way back",
        GRU,
        """
        dn = dh * (1 - z)
        da_h = dn * (1 - n^2)
        dh_prev = dh * z
        dh_prev += U_h.T @ da_h                      # here
        """,
        "missing-factor",
    ),
    Mistake(
        "gru tutorials: the update gate's two ends exchanged",
        GRU,
        """
        dz = dh * (n - h_prev)                       # here
        da_z = dz * z * (1 - z)
        """,
        "sign operand-order wrong-operand",
    ),
    Mistake(
        "gru tutorials: the weights see h_prev and not what the reset gate left of it",
        GRU,
        """
        da_h = dh * (1 - z) * (1 - n^2)
        dU_h = da_h @ h_prev.T                       # here
        """,
        "wrong-operand missing-factor",
    ),
    Mistake(
        "gru tutorials: z for 1 - z",
        GRU,
        """
        dn = dh * z                                  # here
        da_h = dn * (1 - n^2)
        """,
        "wrong-operand",
    ),
    Mistake(
        "github.com/apache/mxnet/pull/18203: a middle layer's weights with the first layer's input",
        """
        layout denominator
        dim X = 3
        input x: [X]
        param A: [X, X], B: [X, X]
        h = tanh(A @ x)
        y = tanh(B @ h)
        loss L = sum(square(y))
        """,
        """
        dy = 2 * y
        du = dy * (1 - y^2)
        dB = du @ x.T                                # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "min-char-rnn and its ports: h[t] for h[t-1] in the recurrent weights",
        RNN,
        """
        for t in 3..1:
            dh[t] += 2 * h[t]
            ds[t] = dh[t] * (1 - h[t]^2)
            dW += ds[t] @ h[t].T                     # here
            dU += ds[t] @ x[t].T
            dh[t-1] += W.T @ ds[t]
        """,
        "wrong-operand",
    ),
    Mistake(
        "min-char-rnn and its ports: what flows back from the next step is not added",
        RNN,
        """
        dh[3] = 2 * h[3]
        ds[3] = dh[3] * (1 - h[3]^2)
        dh[2] = 2 * h[2]                             # here
        ds[2] = dh[2] * (1 - h[2]^2)
        """,
        "missing-accumulate",
    ),
    Mistake(
        "min-char-rnn and its ports: the recurrent weights not transposed",
        RNN,
        """
        for t in 3..1:
            dh[t] += 2 * h[t]
            ds[t] = dh[t] * (1 - h[t]^2)
            dh[t-1] += W @ ds[t]                     # here
        """,
        "transpose",
    ),
    # ── attention, autoencoders, shared weights ──
    Mistake(
        "attention by hand, forums: the scale left out on the way back",
        ATTENTION,
        """
        dA = dO @ V.T
        dS = A * (dA - sum(A * dA, axis=1))
        dQ = dS @ K                                  # here
        """,
        "scale missing-factor",
    ),
    Mistake(
        "attention by hand, forums: scaled by D and not by its root",
        ATTENTION,
        """
        dA = dO @ V.T
        dS = A * (dA - sum(A * dA, axis=1))
        dK = dS.T @ Q / D                            # here
        """,
        "scale",
    ),
    Mistake(
        "attention by hand, forums: the keys' gradient not transposed",
        ATTENTION,
        """
        dA = dO @ V.T
        dS = A * (dA - sum(A * dA, axis=1))
        dK = dS @ Q / sqrt(D)                        # here
        """,
        "transpose",
    ),
    Mistake(
        "attention by hand, forums: softmax's sum over the wrong axis",
        ATTENTION,
        """
        dA = dO @ V.T
        dS = A * (dA - sum(A * dA, axis=0))          # here
        """,
        "shape wrong-operand softmax-diagonal missing-sum",
    ),
    Mistake(
        "attention by hand, forums: the values' gradient",
        ATTENTION,
        """
        dV = A @ dO                                  # here
        """,
        "transpose",
    ),
    Mistake(
        "vae tutorials: the divergence's 1/2 left out",
        VAE,
        """
        dlogvar = exp(logvar) - 1 + cos(z) * eps * std / 2   # here
        """,
        "scale",
    ),
    Mistake(
        "vae tutorials: the 1/2 in front of the standard deviation's logarithm",
        VAE,
        """
        dz = cos(z)
        dlogvar = (exp(logvar) - 1) / 2 + dz * eps * std   # here
        """,
        "scale",
    ),
    Mistake(
        "vae tutorials: the divergence's sign",
        VAE,
        """
        dmu = cos(z) - mu                            # here
        """,
        "sign",
    ),
    Mistake(
        "dropout by hand, forums: the mask is not applied on the way back",
        DROPOUT,
        """
        dd = exp(d)
        da = dd / keep                               # here
        """,
        "missing-factor",
    ),
    Mistake(
        "dropout by hand, forums: the inverted scale left out",
        DROPOUT,
        """
        dd = exp(d)
        da = dd * mask                               # here
        """,
        "missing-factor scale",
    ),
    Mistake(
        "github.com/ZacBi/CS224n-2019-solutions/issues/5: a row that is used twice is not added up",
        TIED,
        """
        ds = 2 * s
        dc = E.T @ ds
        dE = ds @ c.T                                # here
        dx = E @ dc
        """,
        "missing-accumulate",
    ),
    Mistake(
        "residual connections by hand, forums: the straight way forgotten",
        RESIDUAL,
        """
        dy = 2 * y
        df = dy
        dx = W.T @ (df * (1 - f^2))                  # here
        """,
        "missing-accumulate",
    ),
    Mistake(
        "github.com/NervanaSystems/neon/issues/111 and other convolutions: another tap's window",
        CONV,
        """
        dy = 2 * y
        dv = sum(dy * x[0:5])                        # here
        """,
        "wrong-operand",
    ),
    Mistake(
        "scale layers: the shift's gradient times the input",
        SCALED,
        """
        dY = 1 - tanh(Y)^2
        ds = sum(dY * X, axis=0)
        db = sum(dY * s, axis=0)                     # here
        """,
        "extra-factor",
    ),
    # ── matrix calculus ──
    Mistake(
        "matrix calculus, math.stackexchange: x.T A x where A is not symmetric",
        QUADRATIC,
        """
        dx = 2 * A @ x                               # here
        """,
        "missing-accumulate scale missing-factor transpose wrong-operand",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: one half of x.T A x",
        QUADRATIC,
        """
        dx = A @ x                                   # here
        """,
        "missing-accumulate",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: an inverse's transposes",
        INVERSE,
        """
        dA = -C @ B @ C                              # here
        """,
        "transpose",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: an inverse's sign",
        INVERSE,
        """
        dA = C.T @ B @ C.T                           # here
        """,
        "sign",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: a trace",
        TRACE,
        """
        dA = B                                       # here
        dB = A.T
        """,
        "transpose",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: a norm's 2",
        SQUARED,
        """
        dW = W                                       # here
        """,
        "scale",
    ),
    Mistake(
        "matrix calculus, math.stackexchange: a log-determinant's transpose",
        DETERMINANT,
        """
        dC = inv(C)                                  # here
        """,
        "transpose",
    ),
    Mistake(
        "github.com/HIPS/autograd/pull/412: a covariance's sign",
        DET,
        """
        dA = inv(A).T + inv(A).T @ x @ x.T @ inv(A).T   # here
        """,
        "sign",
    ),
    Mistake(
        "matrix factorisation tutorials: the sign of the error",
        FACTORS,
        """
        dP = 2 * E @ Q                               # here
        """,
        "sign",
    ),
    Mistake(
        "matrix factorisation tutorials: the error not transposed",
        FACTORS,
        """
        dE = 2 * E
        dQ = -dE @ P                                 # here
        """,
        "transpose",
    ),
)
