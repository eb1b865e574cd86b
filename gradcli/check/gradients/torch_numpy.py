"""What of NumPy the generated forward passes use, in torch's words."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import torch


class TorchNumpy:
    """Stands for NumPy in generated code."""

    def __init__(self) -> None:
        self.linalg = SimpleNamespace(
            inv=torch.linalg.inv, det=torch.linalg.det, solve=torch.linalg.solve,
            slogdet=torch.linalg.slogdet, svd=torch.linalg.svd, eigh=torch.linalg.eigh,
            cholesky=torch.linalg.cholesky, qr=torch.linalg.qr,
            LinAlgError=torch.linalg.LinAlgError,
        )  # fmt: skip
        self.broadcast_arrays = torch.broadcast_tensors
        self.equal = self._lifted(torch.eq)
        self.power = self._lifted(torch.pow)

    def __getattr__(self, name: str) -> Any:
        """What has the same name in torch; a plain number in front becomes a tensor."""
        found = getattr(torch, name)
        return self._lifted(found) if callable(found) else found

    def _lifted(self, function: Any) -> Any:
        def lifted(*args: Any, **keywords: Any) -> Any:
            plain = [self.tensor(a) if isinstance(a, float | int) else a for a in args[:1]]
            return function(*plain, *args[1:], **keywords)

        return lifted

    @staticmethod
    def tensor(value: Any) -> Any:
        return value if torch.is_tensor(value) else torch.tensor(value, dtype=torch.float64)

    def array(self, value: Any, dtype: Any = None) -> Any:
        return self.tensor(value)

    @staticmethod
    def asarray(value: Any, dtype: Any = None) -> Any:
        return value.to(torch.float64) if dtype is float else value

    @staticmethod
    def real(value: Any) -> Any:
        return value

    @staticmethod
    def iscomplexobj(value: Any) -> bool:
        return False

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        return torch.where(condition, self.tensor(a), self.tensor(b))

    @staticmethod
    def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.sum(x) if axis is None else torch.sum(x, dim=axis, keepdim=keepdims)

    @staticmethod
    def mean(x: Any, axis: Any, keepdims: bool) -> Any:
        return torch.mean(x, dim=axis, keepdim=keepdims)

    @staticmethod
    def max(x: Any, axis: Any = (), keepdims: bool = False) -> Any:
        return torch.amax(x, dim=axis, keepdim=keepdims)

    @staticmethod
    def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None:  # of sizes
            return math.prod(x)
        for one in (axis,) if isinstance(axis, int) else axis:
            x = torch.prod(x, dim=one, keepdim=keepdims)
        return x

    @staticmethod
    def any(x: Any, axis: Any, keepdims: bool) -> Any:
        for one in axis:
            x = torch.any(x, dim=one, keepdim=keepdims)
        return x

    @staticmethod
    def argmax(x: Any, axis: int) -> Any:
        return torch.argmax(x, dim=axis)

    @staticmethod
    def argsort(x: Any, axis: int, kind: str = "") -> Any:
        return torch.argsort(x, dim=axis, stable=kind == "stable")

    @staticmethod
    def rint(x: Any) -> Any:
        return torch.round(x)

    @staticmethod
    def arange(n: int) -> Any:
        return torch.arange(n)

    @staticmethod
    def moveaxis(x: Any, source: int, target: int) -> Any:
        return torch.movedim(x, source, target)

    @staticmethod
    def transpose(x: Any, axes: Any) -> Any:
        return x.permute(*axes)

    @staticmethod
    def concatenate(xs: Any, axis: int = 0) -> Any:
        return torch.cat(tuple(xs), dim=axis)

    @staticmethod
    def stack(xs: Any, axis: int = 0) -> Any:
        return torch.stack(tuple(xs), dim=axis)

    @staticmethod
    def broadcast_shapes(*shapes: Any) -> Any:
        return torch.broadcast_shapes(*shapes)

    @staticmethod
    def trace(x: Any, axis1: int, axis2: int) -> Any:
        return torch.diagonal(x, dim1=axis1, dim2=axis2).sum(-1)

    @staticmethod
    def diagonal(x: Any, axis1: int, axis2: int) -> Any:
        return torch.diagonal(x, dim1=axis1, dim2=axis2)

    @staticmethod
    def flip(x: Any, axis: int) -> Any:
        return torch.flip(x, (axis,))

    @staticmethod
    def roll(x: Any, shift: int, axis: int) -> Any:
        return torch.roll(x, shift, axis)

    @staticmethod
    def tril(x: Any, k: int = 0) -> Any:
        return torch.tril(x, k)

    @staticmethod
    def triu(x: Any, k: int = 0) -> Any:
        return torch.triu(x, k)

    @staticmethod
    def take_along_axis(x: Any, places: Any, axis: int) -> Any:
        return torch.take_along_dim(x, places, axis)

    @staticmethod
    def zeros(shape: Any, dtype: Any = None) -> Any:
        return torch.zeros(shape, dtype=torch.int64 if dtype is int else torch.float64)

    @staticmethod
    def ones(shape: Any) -> Any:
        return torch.ones(shape, dtype=torch.float64)

    @staticmethod
    def eye(N: int, dtype: Any = None) -> Any:  # noqa: N803  # NumPy's name
        return torch.eye(N, dtype=torch.bool if dtype is bool else torch.float64)
