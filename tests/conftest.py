"""How the tests run: Hypothesis's profiles, and the update of golden files."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# What is piped keeps to COLUMNS; the tests that want that set it.
os.environ.pop("COLUMNS", None)

# The same examples in every run; HYPOTHESIS_PROFILE=thorough draws many new ones.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("default"), derandomize=False, max_examples=2000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files instead of comparing with them",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-golden"))
