"""What NumPy, PyTorch, JAX and others call the operations of the language."""

from __future__ import annotations

MODULES = frozenset(
    {"F", "cp", "functional", "jax", "jnp", "linalg", "math", "nn", "np", "numpy", "scipy"}
    | {"special", "tf", "torch"}
)
CONSTANTS = {"pi": "pi", "e": "exp(1)"}
# What libraries call by another name, on their operands a, b and c.
WRITTEN = {
    "matmul": "a @ b",
    "mm": "a @ b",
    "bmm": "a @ b",
    "mv": "a @ b",
    "dot": "a @ b",
    "inner": "a.T @ b",
    "vdot": "dot(a, b)",
    "ger": "outer(a, b)",
    "add": "a + b",
    "sub": "a - b",
    "subtract": "a - b",
    "mul": "a * b",
    "multiply": "a * b",
    "div": "a / b",
    "divide": "a / b",
    "true_divide": "a / b",
    "pow": "a ^ b",
    "power": "a ^ b",
    "neg": "-a",
    "negative": "-a",
    "reciprocal": "1 / a",
    "range": "arange(a)",
    "rsqrt": "1 / sqrt(a)",
    "t": "a.T",
    "transpose": "a.T",
    "swapaxes": "a.T",
    "absolute": "abs(a)",
    "fabs": "abs(a)",
    "expit": "sigmoid(a)",
    "logistic": "sigmoid(a)",
    "inverse": "inv(a)",
    "amax": "max(a)",
    "amin": "min(a)",
    "log2": "log(a) / log(2)",
    "log10": "log(a) / log(10)",
    "ones_like": "a == a",
    "zeros_like": "a != a",
    "greater": "a > b",
    "gt": "a > b",
    "less": "a < b",
    "lt": "a < b",
    "equal": "a == b",
    "eq": "a == b",
}
# What changes how numbers are kept, and none of them.
SAME = frozenset(
    {"array", "asarray", "astype", "clone", "contiguous", "copy", "detach", "double", "float"}
    | {"float32", "float64", "item", "numpy", "squeeze", "tensor", "to"}
)
SHAPED = {"reshape": "reshape", "view": "reshape", "expand": "broadcast"}
KEYWORDS = {"dim": "axis", "axis": "axis"}
UNSAID = frozenset({"keepdims", "keepdim", "dtype"})  # an axis is kept here without asking
AXES = frozenset({"transpose", "swapaxes"})  # which two axes may be said
