"""Fixtures of all tests of schedules."""

import os
import shutil

import pytest

from tests.unit.schedule.made import desk

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out variables of biasscope that whoever runs the tests has set: hooks and timers take them over."""
    for name in [name for name in os.environ if name.startswith("BIASSCOPE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def systemd_analyze() -> str:
    """Path of the program that checks units; without systemd these tests skip."""
    program = shutil.which("systemd-analyze", path="/usr/bin:/bin")
    if not program:
        pytest.skip("no systemd-analyze is installed")
    return program
