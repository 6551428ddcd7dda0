"""Freed memory: kept where the C library can, left alone where it cannot."""

import ctypes

import pytest

from biasscope.core.memory import keep_freed_memory


def test_glibc_takes_the_options():
    assert keep_freed_memory() is hasattr(ctypes.CDLL(None), "mallopt")


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_another_c_library_is_left_alone(monkeypatch, error):
    def refuse(name):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert keep_freed_memory() is False
