"""The line in the crontab: what is written, once, and that other lines stay as they are, byte for byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from biasscope.core.errors import OutputError
from biasscope.schedule.install import cron, trigger

OTHERS = "# mine\nMAILTO=me@example.org\n17 3 * * * /usr/bin/backup 100\\% # biasscope.analyze due\n"


def test_added_once_and_removed_again(machine):
    machine.give("crontab")
    (machine.home / "crontab.txt").write_text(OTHERS)
    made = trigger(Path("reports"))
    said = cron.install(made)
    assert said[0].startswith("Added")
    text = machine.crontab.decode()
    assert text.startswith(OTHERS)
    assert text.removeprefix(OTHERS).splitlines() == cron.lines(made) == cron.installed(made)
    again = cron.install(made)
    assert "nothing was changed" in again[0]
    assert machine.crontab.decode() == text
    assert cron.remove(made)[0].startswith("Removed")
    assert machine.crontab.decode() == OTHERS
    assert cron.remove(made) == []


@pytest.mark.parametrize("before", [None, b"", b"no newline at its end", b"\xff\xfe bytes\r\nof others\r\n"])
def test_other_lines_stay_as_they_are(machine, before):
    machine.give("crontab")
    if before is not None:
        (machine.home / "crontab.txt").write_bytes(before)
    made = trigger(Path("reports"))
    cron.install(made)
    assert machine.crontab.startswith(before or b"# biasscope")
    cron.remove(made)
    assert machine.crontab in ((before or b""), (before or b"") + b"\n")


def test_changed_is_replaced_where_another_folder_stays(machine):
    machine.give("crontab")
    other = machine.home / "other"
    other.mkdir()
    cron.install(trigger(other))
    cron.install(trigger(Path("reports")))
    said = cron.install(trigger(Path("reports"), every="PT1H"))
    assert said[0].startswith("Replaced")
    lines = machine.crontab.decode().splitlines()
    assert len(lines) == 4
    assert sum(line.startswith("0 * * * *") for line in lines) == 1
    assert cron.installed(trigger(other)) == cron.lines(trigger(other))


def test_a_line_that_somebody_edited_below_the_mark_is_theirs(machine):
    machine.give("crontab")
    made = trigger(Path("reports"))
    (machine.home / "crontab.txt").write_text(f"{made.mark}\n0 1 * * * /usr/bin/mine\n")
    cron.remove(made)
    assert machine.crontab == b"0 1 * * * /usr/bin/mine\n"


def test_the_line_runs_as_cron_would_run_it(machine, monkeypatch, tmp_path):
    machine.give("crontab")
    monkeypatch.setenv("BIASSCOPE_DATA", '/data/50% of "it" & $HOME\'s')
    seen = tmp_path / "seen"
    fake = tmp_path / "py thon"
    fake.write_text(f'#!/bin/sh\npwd > {seen}\nprintf "%s\\n" "$BIASSCOPE_DATA" "$@" >> {seen}\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    _, line = cron.lines(trigger(Path("reports")))
    command = line.split(None, 5)[5].replace("\\%", "%")  # what cron does before the shell sees it
    assert "%" not in line.replace("\\%", "")
    subprocess.run(["/bin/sh", "-c", command], check=True, env={"PATH": "/usr/bin:/bin"})
    here = str(machine.reports.parent)
    call = ["-m", "biasscope.analyze", "due", str(machine.reports), "--quiet"]
    assert seen.read_text().splitlines() == [here, '/data/50% of "it" & $HOME\'s', *call]


def test_a_crontab_that_cannot_be_read_is_not_written(machine):
    machine.give("crontab")
    (machine.home / "crontab.txt").write_text(OTHERS)
    (machine.home / "broken").write_text("you are not allowed to use this program")
    with pytest.raises(OutputError, match="not allowed"):
        cron.install(trigger(Path("reports")))
    assert machine.crontab.decode() == OTHERS
    assert not cron.available()


def test_without_cron(machine):
    with pytest.raises(OutputError, match="not installed"):
        cron.install(trigger(Path("reports")))
