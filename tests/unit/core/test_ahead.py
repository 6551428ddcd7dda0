"""Calls made ahead: in their order, in threads where they wait, never many before their answers are asked for."""

import threading
import time
from collections.abc import Callable
from itertools import islice

import pytest

from biasscope.core import ahead as module
from biasscope.core.ahead import THREADS, TOGETHER, ahead

MANY = TOGETHER * THREADS * 4 + 1


@pytest.fixture(params=[-1.0, 2.0], ids=["in threads", "one after another"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", request.param)


def called() -> tuple[Callable[[int], int], list[int]]:
    """A call that answers out of step with its neighbours, and what it was called with."""
    made = list[int]()

    def call(item: int) -> int:
        if item % TOGETHER == 0:
            time.sleep(0.002 * (item // TOGETHER % 3))
        made.append(item)
        return item * item

    return call, made


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("count", [0, 1, TOGETHER, TOGETHER + 1, MANY])
def test_answers_come_once_each_and_in_order(count: int) -> None:
    call, made = called()
    assert list(ahead(call, range(count))) == [item * item for item in range(count)]
    assert sorted(made) == list(range(count))


@pytest.mark.usefixtures("either_way")
def test_what_a_call_raises_is_raised_behind_the_answers_of_all_rows_before() -> None:
    found = ahead(lambda item: 1 // (item - TOGETHER * 5 - 3), range(MANY))
    assert len(list(islice(found, TOGETHER * 5))) == TOGETHER * 5
    with pytest.raises(ZeroDivisionError):
        next(found)


@pytest.mark.usefixtures("either_way")
def test_few_calls_are_made_before_their_answers_are_asked_for_and_none_after_the_last_one() -> None:
    call, made = called()
    found = ahead(call, range(10**6))
    assert next(found) == 0
    assert list(islice(found, TOGETHER)) == [item * item for item in range(1, TOGETHER + 1)]
    found.close()  # type: ignore[attr-defined]
    count = len(made)
    assert count <= TOGETHER * (2 * THREADS + 3)
    time.sleep(0.05)
    assert len(made) == count


def test_calls_that_wait_are_made_several_at_a_time() -> None:
    meet = threading.Barrier(THREADS)

    def call(item: int) -> int:
        if item < TOGETHER:
            time.sleep(0.001)
        elif item % TOGETHER == 0:
            meet.wait(300)  # hangs, and then fails, where they are not
        return threading.get_ident()

    threads = list(ahead(call, range(TOGETHER * (THREADS + 1))))
    assert set(threads[:TOGETHER]) == {threading.get_ident()}
    assert len(set(threads[TOGETHER:])) == THREADS
    assert threading.get_ident() not in threads[TOGETHER:]


def test_calls_that_work_stay_in_the_callers_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "thread_time", time.perf_counter)  # a machine that others use makes every call wait
    assert set(ahead(lambda _: threading.get_ident(), range(MANY))) == {threading.get_ident()}
