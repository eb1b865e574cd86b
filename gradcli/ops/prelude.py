"""The prelude: functions stated in the language itself, so that listings show their steps."""

from __future__ import annotations

import re

TEXT = """\
# The prelude: definitions that every model may call, or define anew.

# How far x is from y: the mean over all entries.
def mse(x, y) = mean(square(x - y))

# The same with no more than a linear price beyond delta (Huber 1964).
def huber(x, y, delta):
    r = abs(x - y)
    return mean(where(r <= delta, square(r) / 2, delta * (r - delta / 2)))

# Binary labels y, and how likely each is to be 1; or that before the sigmoid.
def bce(p, y) = -mean(y * log(p) + (1 - y) * log(1 - p))
def bce_logits(z, y) = mean(softplus(z) - y * z)

# Scores z with a class in each row, and what each class should have: a one-hot column, or several
# side by side, which are added up.
def cross_entropy(z, y) = -sum(y * log_softmax(z))

# The Kullback-Leibler divergence of q from p, both positive; the sum over all entries.
def kl(p, q) = sum(p * log(p / q))

# The cosine of the angle between two arrays.
def cosine_similarity(x, y) = sum(x * y) / (norm(x) * norm(y))
"""

NAMES = frozenset(re.findall(r"^def (\w+)", TEXT, re.MULTILINE))
