"""Calls made meanwhile: under way at once, answered or raised when asked for."""

import subprocess
import sys
from threading import Event

import pytest

from biasscope.core.later import later


def test_the_call_goes_on_while_the_caller_does_something_else() -> None:
    begun, may_end = Event(), Event()

    def call() -> str:
        begun.set()
        return "made" if may_end.wait(300) else "left alone"

    answer = later(call)
    assert begun.wait(300)
    assert not answer.done()
    may_end.set()
    assert answer.result(300) == "made"


def test_what_the_call_raises_is_raised_where_it_is_asked_for() -> None:
    answer = later(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        answer.result(300)


def test_a_program_that_does_not_ask_does_not_wait() -> None:
    program = "import time\nfrom biasscope.core.later import later\nlater(lambda: time.sleep(600))\n"
    assert subprocess.run([sys.executable, "-c", program], timeout=300, check=False).returncode == 0
