"""One lock a report, over threads and processes; what a process held that died, nobody holds."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from biasscope.core.errors import OutputError
from biasscope.schedule import lock
from biasscope.schedule.lock import BusyError, Owner, locked, owner

HOLD = """
import sys, time
from pathlib import Path
from biasscope.schedule.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    {then}
    time.sleep(60)
"""


def holder(folder: Path, then: str = "") -> "subprocess.Popen[str]":
    """Process that holds the lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(then=then), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def stop(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def test_the_lock_of_another_process_is_respected_until_it_dies(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        found = owner(tmp_path)
        assert found is not None
        assert (found.pid, found.alive) == (process.pid, True)
        with pytest.raises(BusyError, match=f"process {process.pid} since"), locked(tmp_path):
            pytest.fail("two hold it")
    finally:
        stop(process)
    assert owner(tmp_path) == found
    assert not found.alive
    with locked(tmp_path) as left:
        assert left == found
    with locked(tmp_path) as left:
        assert left is None


BETWEEN = """
import sys
from pathlib import Path
from biasscope.schedule import lock
write = lock._write
def late(number, data):
    if bool(data) is {name}:
        print("held", flush=True)
        sys.stdin.readline()
    write(number, data)
    if data:
        print("named", flush=True)
lock._write = late
with lock.locked(Path(sys.argv[1])):
    {name} and sys.stdin.readline()
"""


def between(folder: Path, *, name: bool) -> "subprocess.Popen[str]":
    """Process that has the lock and not yet its name in the file, or no longer, until it is told to go on."""
    command = [sys.executable, "-c", BETWEEN.format(name=name), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline() != "held\n":
        assert process.poll() is None
    return process


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.parametrize("left", [b"", b'{"pid": 1, "started": "0", "boot": "", "since": "2026-03-10T12:00:00+00:00"}'])
def test_who_takes_the_lock_is_named_although_it_has_not_written_its_name_yet(
    tmp_path: Path, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".lock").write_bytes(left)
    process = between(tmp_path, name=True)
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        go_on(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "named\n"

    monkeypatch.setattr("biasscope.schedule.lock.time.sleep", sleep)
    try:
        with pytest.raises(BusyError, match=f"process {process.pid} since"), locked(tmp_path):
            pytest.fail("two hold it")
    finally:
        stop(process)
    assert len(waited) == 1


def test_a_lock_that_is_given_up_this_moment_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = between(tmp_path, name=False)
    (tmp_path / ".lock").write_bytes(b"")
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        go_on(process)
        assert process.wait() == 0

    monkeypatch.setattr("biasscope.schedule.lock.time.sleep", sleep)
    with locked(tmp_path) as left:
        assert left is None
    assert len(waited) == 1
    stop(process)


def test_a_holder_that_never_says_who_it_is_is_respected(tmp_path: Path) -> None:
    process = holder(tmp_path)
    (tmp_path / ".lock").write_bytes(b"")
    try:
        with pytest.raises(BusyError, match="being run by another process"), locked(tmp_path):
            pytest.fail("two hold it")
    finally:
        stop(process)


def test_children_that_outlive_the_process_hold_nothing(tmp_path: Path) -> None:
    process = holder(tmp_path, "import os; child = os.fork() or time.sleep(60); print(child, flush=True)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        stop(process)
        os.kill(child, 0)
        with locked(tmp_path) as left:
            assert left is not None
    finally:
        os.kill(child, signal.SIGKILL)


def test_threads_of_one_process_are_kept_apart_and_looking_does_not_unlock(tmp_path: Path) -> None:
    said: list[str] = []

    def other() -> None:
        try:
            with locked(tmp_path):
                said.append("held")
        except BusyError as error:
            said.append(str(error))

    with locked(tmp_path):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert owner(tmp_path) is not None
        command = [sys.executable, "-c", HOLD.format(then="sys.exit()"), str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"process {os.getpid()} since" in said[0]
    assert "BusyError" in done.stderr
    assert owner(tmp_path) is None


def test_an_error_inside_releases_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path) as left:
        assert left is None


@pytest.mark.parametrize("change", [{"started": "1"}, {"boot": "another"}, {"pid": 2**22 + 1}])
def test_a_number_that_another_process_has_now_is_not_the_owner(change: dict[str, object]) -> None:
    me = Owner(os.getpid(), lock._started(os.getpid()), lock._boot(), "2026-03-10T12:00:00+00:00")
    assert me.alive
    assert not msgspec.structs.replace(me, **change).alive


def test_a_process_that_ended_is_no_owner_although_its_parent_has_not_asked_for_it(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table of processes
    left = owner(tmp_path)
    alive = left is not None and left.alive
    stop(process)
    assert (left is not None and left.pid, alive) == (process.pid, False)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff" * 5000, b'{"pid": "x"}'])
def test_a_damaged_file_locks_all_the_same(tmp_path: Path, text: bytes) -> None:
    (tmp_path / ".lock").write_bytes(text)
    with locked(tmp_path) as left:
        assert left is None
        assert owner(tmp_path) is not None


def test_a_link_to_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("all")
    (tmp_path / ".lock").symlink_to(precious)
    with pytest.raises(OutputError, match="lock"), locked(tmp_path):
        pytest.fail("it followed the link")
    assert precious.read_text() == "all"


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def none(number: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", none)
    with pytest.raises(OutputError, match="--output"), locked(tmp_path):
        pytest.fail("it is not locked")
