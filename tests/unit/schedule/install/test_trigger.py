"""What is called, from where, and how often."""

import subprocess
import sys
from pathlib import Path

import pytest

from biasscope.core.errors import UsageError
from biasscope.schedule.install import trigger
from biasscope.schedule.install.trigger import HOURS, MINUTES, calendars


def test_what_is_called(machine, monkeypatch):
    monkeypatch.setenv("BIASSCOPE_DATA", "/data")
    monkeypatch.setenv("IMAGENET_VAL", "/val")
    made = trigger(Path("reports"), output=Path("out"), allow_python=True, env=["IMAGENET_VAL"])
    out = str(machine.reports.parent / "out")
    call = [sys.executable, "-m", "biasscope.analyze", "due", str(machine.reports)]
    assert made.command == [*call, "--output", out, "--allow-python"]
    assert made.directory == machine.reports.parent
    assert made.environment == {"BIASSCOPE_DATA": "/data", "IMAGENET_VAL": "/val"}


def test_names_differ_by_folder_and_stay_the_same(machine):
    other = machine.home / "other" / "reports"
    other.mkdir(parents=True)
    one, two = trigger(Path("reports")), trigger(other)
    assert one.name != two.name
    assert one.name == trigger(machine.reports).name
    assert one.name.startswith("biasscope-reports-")


@pytest.mark.parametrize("every", ["PT7M", "PT90M", "PT5H", "P2D", "P1M", "PT0M", "15", "", "PT15M; rm", "PT99M"])
def test_what_no_calendar_knows_is_refused(every):
    with pytest.raises(UsageError, match="divides an hour or a day"):
        calendars(every)


@pytest.mark.parametrize(
    ("every", "cron", "calendar"),
    [
        ("PT5M", "*/5 * * * *", "*-*-* *:00/5:00"),
        ("pt1h", "0 * * * *", "*-*-* 00/1:00:00"),
        ("P1D", "0 0 * * *", "*-*-* 00:00:00"),
        ("P1W", "0 0 * * 1", "Mon *-*-* 00:00:00"),
    ],
)
def test_calendars(every, cron, calendar):
    assert calendars(every) == (cron, calendar)


def test_systemd_understands_the_calendars(systemd_analyze):
    every = [*(f"PT{step}M" for step in MINUTES), *(f"PT{step}H" for step in HOURS), "P1D", "P1W"]
    wanted = [calendars(one)[1] for one in every]
    subprocess.run([systemd_analyze, "calendar", *wanted], check=True, capture_output=True)


def test_a_variable_that_is_not_set(machine):
    with pytest.raises(UsageError, match="'NOPE' is not set"):
        trigger(Path("reports"), env=["NOPE"])


def test_line_breaks_are_refused(machine, monkeypatch):
    monkeypatch.setenv("BIASSCOPE_X", "a\n* * * * * rm -rf ~")
    with pytest.raises(UsageError, match="line break"):
        trigger(Path("reports"))
