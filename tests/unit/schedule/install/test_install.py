"""Either kind of trigger, and the command."""

import os
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.core.errors import UsageError
from biasscope.schedule.install import cron, install, remove, show, trigger


def test_systemd_where_it_answers(machine):
    machine.give("systemctl", "crontab")
    install(trigger(Path("reports")))
    assert len(machine.units) == 2
    assert machine.crontab is None


def test_cron_where_systemd_does_not(machine):
    machine.give("systemctl", "crontab")
    (machine.home / "unreachable").touch()
    install(trigger(Path("reports")))
    assert machine.units == {}
    assert b"biasscope.analyze due" in machine.crontab


def test_neither(machine):
    with pytest.raises(UsageError, match="neither"):
        install(trigger(Path("reports")))


def test_the_other_kind_is_removed(machine):
    machine.give("systemctl", "crontab")
    made = trigger(Path("reports"))
    install(made, "cron")
    said = install(made, "systemd")
    assert any(line.startswith("Removed this line of the crontab") for line in said)
    assert b"biasscope" not in machine.crontab
    install(made, "cron")
    assert machine.units == {}


def test_a_line_that_works_stays_where_systemd_does_not_answer(machine):
    machine.give("systemctl", "crontab")
    made = trigger(Path("reports"))
    install(made, "cron")
    before = machine.crontab
    (machine.home / "unreachable").touch()
    said = install(made, "systemd")
    assert machine.crontab == before
    assert said[-2:] == [
        "Until then this line of the crontab stays; install again to have it removed:",
        cron.lines(made)[1],
    ]


def test_show(machine):
    machine.give("systemctl", "crontab")
    made = trigger(Path("reports"))
    assert show(made)[0].startswith("Nothing is installed")
    install(made, "cron")
    assert show(made) == ["In the crontab:", *(f"    {line}" for line in cron.lines(made))]
    install(made, "systemd")
    assert "    Persistent=true" in show(made)


def test_remove_says_when_there_is_nothing(machine):
    machine.give("systemctl", "crontab")
    assert "nothing was changed" in remove(trigger(Path("reports")))[0]
    assert machine.crontab is None


def test_a_folder_that_is_gone_can_still_be_removed(machine):
    machine.give("crontab")
    install(trigger(machine.reports), "cron")
    machine.reports.rmdir()
    assert remove(trigger(machine.reports))[0].startswith("Removed")
    with pytest.raises(UsageError, match="no such folder"):
        install(trigger(machine.reports), "cron")


def test_the_command(machine, capsys):
    machine.give("systemctl", "crontab")
    assert main(["schedule", "install", "--every", "PT1H"]) == 0
    assert "Started biasscope-reports-" in capsys.readouterr().out
    assert "*-*-* 00/1:00:00" in str(machine.units)
    assert main(["schedule", "show"]) == 0
    assert "OnCalendar" in capsys.readouterr().out
    assert main(["schedule", "remove"]) == 0
    assert machine.units == {}
    assert main(["schedule", "install", "--cron", "--systemd"]) == 2
    assert main(["schedule", "install", "--folder", "nowhere"]) == 2
    assert main(["schedule", "install", "--every", "PT7M"]) == 2
    assert main(["schedule", "sing"]) != 0
    assert os.environ["HOME"] == str(machine.home)
