"""The examples in the docstrings of what is public are run."""

import doctest
import importlib

import pytest
from support import EXAMPLES

MODULES = ["gradcli", "gradcli.api.model", "gradcli.api.derivation"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name, monkeypatch):
    monkeypatch.chdir(EXAMPLES.parent)
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
