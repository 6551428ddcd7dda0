"""A process that is killed at any write of a run: what was there stays, and the next one puts everything right."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from biasscope.schedule import places
from biasscope.schedule.runner import perform
from biasscope.schedule.runs import complete, runs
from tests.unit.schedule.made import DAY, Desk

WRITES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "os.truncate", "shutil.rmtree")
MOST = 200


def killed(work: Callable[[], object], folder: Path, step: int) -> bool:
    """Do the work in a process of its own that dies right before its write number ``step``; whether it came to that."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        left = step

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in WRITES or (opened and str(arguments[0]).startswith(str(folder))):
                left -= 1
                if left < 0:
                    os._exit(137)

        try:
            sys.addaudithook(hook)
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


@pytest.fixture
def quick(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Desk whose pages cost nothing: threads of polars would not come along into a forked process."""

    def update(folder: Path) -> None:
        (folder / ".index").write_text("page")
        (folder / ".index").replace(folder / "index.html")

    monkeypatch.setattr("biasscope.schedule.history.update", update)
    monkeypatch.setattr("biasscope.report.render.render", lambda report: b"page")
    return desk


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_at_any_write(quick: Desk) -> None:
    schedule = quick.schedule("keep = 2\njunit = true\n", analyses=("boxes", "more"))
    for _ in range(3):
        quick.run(schedule)
        quick.time += DAY
    ends = []
    for step in range(MOST):
        output = quick.folder / f"copy{step}"
        shutil.copytree(quick.output, output, symlinks=True)
        run = partial(perform, schedule, output, now=lambda: quick.time)
        if not killed(run, output, step):
            break
        check_what_stayed(quick, output / "nightly")
        ends.append(run().state)
        check_what_came(quick, output / "nightly")
        assert run().state == "not due"
    assert 30 < len(ends) < MOST
    assert set(ends) == {"passed", "not due"}
    assert ends == sorted(ends, reverse=True), "up to some write the run was not there, from then on it was"


def check_what_stayed(quick: Desk, home: Path) -> None:
    """Earlier runs are as they were; one that was being made is not there or whole."""
    earlier = quick.output / "nightly"
    kept = {run.folder.name for run in runs(home)} - {places.stamp(quick.time)}
    assert kept >= {"20260312T120000Z"}
    for path in (path for name in kept for path in (earlier / name).rglob("*.json")):
        assert (home / path.relative_to(earlier)).read_bytes() == path.read_bytes()
    assert (home / "latest" / "boxes" / "report.json").is_file()
    assert len(complete(runs(home))) == len(runs(home))


def check_what_came(quick: Desk, home: Path) -> None:
    """The moment was served once, and nothing is left over."""
    assert [run.folder.name for run in runs(home)][-1] == places.latest(home) == places.stamp(quick.time)
    assert [run.record.number for run in runs(home) if run.record][-2:] == [3, 4]
    assert (home / ".lock").read_bytes() == b""
    assert not places.leftovers(home)
    assert (home / "index.html").is_file()
