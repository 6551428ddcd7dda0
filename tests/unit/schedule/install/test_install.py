"""Installing a trigger: what is written, that it is written once, and that nothing of others is touched."""

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from biasscope.core.errors import OutputError, UsageError
from biasscope.schedule.install import cron, install, remove, show, systemd, trigger
from biasscope.schedule.install.trigger import HOURS, MINUTES, calendars

OTHERS = "# mine\nMAILTO=me@example.org\n17 3 * * * /usr/bin/backup 100\\% # biasscope.analyze due\n"


def unit(text):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


class TestTrigger:
    def test_what_is_called(self, machine, monkeypatch):
        monkeypatch.setenv("BIASSCOPE_DATA", "/data")
        monkeypatch.setenv("IMAGENET_VAL", "/val")
        made = trigger(Path("reports"), output=Path("out"), allow_python=True, env=["IMAGENET_VAL"])
        out = str(machine.reports.parent / "out")
        call = [sys.executable, "-m", "biasscope.analyze", "due", str(machine.reports)]
        assert made.command == [*call, "--output", out, "--allow-python"]
        assert made.directory == machine.reports.parent
        assert made.environment == {"BIASSCOPE_DATA": "/data", "IMAGENET_VAL": "/val"}

    def test_names_differ_by_folder_and_stay_the_same(self, machine):
        other = machine.home / "other" / "reports"
        other.mkdir(parents=True)
        one, two = trigger(Path("reports")), trigger(other)
        assert one.name != two.name
        assert one.name == trigger(machine.reports).name
        assert one.name.startswith("biasscope-reports-")

    @pytest.mark.parametrize("every", ["PT7M", "PT90M", "PT5H", "P2D", "P1M", "PT0M", "15", "", "PT15M; rm", "PT99M"])
    def test_what_no_calendar_knows_is_refused(self, every):
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
    def test_calendars(self, every, cron, calendar):
        assert calendars(every) == (cron, calendar)

    def test_systemd_understands_the_calendars(self):
        if not (program := shutil.which("systemd-analyze", path="/usr/bin:/bin")):
            pytest.skip("no systemd-analyze is installed")
        every = [*(f"PT{step}M" for step in MINUTES), *(f"PT{step}H" for step in HOURS), "P1D", "P1W"]
        wanted = [calendars(one)[1] for one in every]
        subprocess.run([program, "calendar", *wanted], check=True, capture_output=True)

    def test_a_variable_that_is_not_set(self, machine):
        with pytest.raises(UsageError, match="'NOPE' is not set"):
            trigger(Path("reports"), env=["NOPE"])

    def test_line_breaks_are_refused(self, machine, monkeypatch):
        monkeypatch.setenv("BIASSCOPE_X", "a\n* * * * * rm -rf ~")
        with pytest.raises(UsageError, match="line break"):
            trigger(Path("reports"))


class TestCron:
    def test_added_once_and_removed_again(self, machine):
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
    def test_other_lines_stay_as_they_are(self, machine, before):
        machine.give("crontab")
        if before is not None:
            (machine.home / "crontab.txt").write_bytes(before)
        made = trigger(Path("reports"))
        cron.install(made)
        assert machine.crontab.startswith(before or b"# biasscope")
        cron.remove(made)
        assert machine.crontab in ((before or b""), (before or b"") + b"\n")

    def test_changed_is_replaced_where_another_folder_stays(self, machine):
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

    def test_a_line_that_somebody_edited_below_the_mark_is_theirs(self, machine):
        machine.give("crontab")
        made = trigger(Path("reports"))
        (machine.home / "crontab.txt").write_text(f"{made.mark}\n0 1 * * * /usr/bin/mine\n")
        cron.remove(made)
        assert machine.crontab == b"0 1 * * * /usr/bin/mine\n"

    def test_the_line_runs_as_cron_would_run_it(self, machine, monkeypatch, tmp_path):
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

    def test_a_crontab_that_cannot_be_read_is_not_written(self, machine):
        machine.give("crontab")
        (machine.home / "crontab.txt").write_text(OTHERS)
        (machine.home / "broken").write_text("you are not allowed to use this program")
        with pytest.raises(OutputError, match="not allowed"):
            cron.install(trigger(Path("reports")))
        assert machine.crontab.decode() == OTHERS
        assert not cron.available()

    def test_without_cron(self, machine):
        with pytest.raises(OutputError, match="not installed"):
            cron.install(trigger(Path("reports")))


class TestSystemd:
    def test_written_started_and_removed_again(self, machine):
        machine.give("systemctl")
        made = trigger(Path("reports"))
        said = systemd.install(made)
        assert list(machine.units) == [f"{made.name}.service", f"{made.name}.timer"]
        assert machine.calls[-2:] == ["--user daemon-reload", f"--user enable --now {made.name}.timer"]
        assert any("enable-linger" in line for line in said)
        service, timer = map(unit, machine.units.values())
        assert service["Service"]["Type"] == "oneshot"
        assert service["Service"]["WorkingDirectory"] == str(machine.reports.parent)
        assert shlex.split(service["Service"]["ExecStart"]) == made.command
        assert timer["Timer"]["OnCalendar"] == "*-*-* *:00/15:00"
        assert timer["Timer"]["Persistent"] == "true"
        assert timer["Install"]["WantedBy"] == "timers.target"
        before = machine.units
        assert "is as it should be" in systemd.install(made)[0]
        assert machine.units == before
        assert len(systemd.remove(made)) == 3
        assert machine.units == {}
        assert machine.calls[-2:] == [f"--user disable --now {made.name}.timer", "--user daemon-reload"]
        assert systemd.remove(made) == []

    def test_odd_characters_mean_themselves(self, machine, monkeypatch):
        odd = machine.home / 'a $b %h "c" \\d'
        odd.mkdir()
        monkeypatch.setenv("BIASSCOPE_DATA", '50% $x "y"')
        service = unit(systemd.units(trigger(odd))[f"{trigger(odd).name}.service"])["Service"]
        assert '"BIASSCOPE_DATA=50%% $x \\"y\\""' in service["Environment"]
        assert '/a $$b %%h \\"c\\" \\\\d"' in service["ExecStart"]

    def test_systemd_takes_the_units(self, machine, monkeypatch, tmp_path):
        program = shutil.which("systemd-analyze", path="/usr/bin:/bin")
        if not program:
            pytest.skip("no systemd-analyze is installed")
        monkeypatch.setenv("BIASSCOPE_DATA", '50% $x "y"')
        systemd.install(trigger(Path("reports")))
        runtime = tmp_path / "runtime"
        runtime.mkdir(mode=0o700)
        folder = systemd.place()
        found = subprocess.run(
            [program, "verify", "--user", *map(str, folder.glob("*.timer"))],
            env={"PATH": "/usr/bin:/bin", "HOME": str(machine.home), "XDG_RUNTIME_DIR": str(runtime)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (found.returncode, found.stderr) == (0, "")

    def test_where_systemd_does_not_answer_it_says_what_to_do(self, machine):
        machine.give("systemctl")
        (machine.home / "unreachable").touch()
        made = trigger(Path("reports"))
        assert systemd.install(made)[-1].endswith(f"systemctl --user enable --now {made.name}.timer")
        assert len(machine.units) == 2
        assert systemd.remove(made)[0].startswith("Removed")
        assert machine.units == {}

    def test_a_refusal_is_an_error(self, machine):
        machine.give("systemctl")
        (machine.home / "refuses").touch()
        with pytest.raises(OutputError, match="it is masked"):
            systemd.install(trigger(Path("reports")))

    def test_units_of_others_are_left(self, machine):
        machine.give("systemctl")
        made = trigger(Path("reports"))
        folder = systemd.place()
        folder.mkdir(parents=True)
        theirs = folder / f"{made.name}.timer"
        theirs.write_text("[Timer]\nOnCalendar=daily\n")
        (folder / "backup.timer").write_text("mine")
        for act in (systemd.install, systemd.remove):
            with pytest.raises(UsageError, match="was not written by biasscope"):
                act(made)
        assert machine.units == {"backup.timer": "mine", theirs.name: "[Timer]\nOnCalendar=daily\n"}

    def test_the_folder_of_settings_can_be_elsewhere(self, machine, monkeypatch):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(machine.home / "settings"))
        systemd.install(trigger(Path("reports")))
        assert len(list((machine.home / "settings" / "systemd" / "user").iterdir())) == 2


class TestEither:
    def test_systemd_where_it_answers(self, machine):
        machine.give("systemctl", "crontab")
        install(trigger(Path("reports")))
        assert len(machine.units) == 2
        assert machine.crontab is None

    def test_cron_where_systemd_does_not(self, machine):
        machine.give("systemctl", "crontab")
        (machine.home / "unreachable").touch()
        install(trigger(Path("reports")))
        assert machine.units == {}
        assert b"biasscope.analyze due" in machine.crontab

    def test_neither(self, machine):
        with pytest.raises(UsageError, match="neither"):
            install(trigger(Path("reports")))

    def test_the_other_kind_is_removed(self, machine):
        machine.give("systemctl", "crontab")
        made = trigger(Path("reports"))
        install(made, "cron")
        said = install(made, "systemd")
        assert any(line.startswith("Removed this line of the crontab") for line in said)
        assert b"biasscope" not in machine.crontab
        install(made, "cron")
        assert machine.units == {}

    def test_show(self, machine):
        machine.give("systemctl", "crontab")
        made = trigger(Path("reports"))
        assert show(made)[0].startswith("Nothing is installed")
        install(made, "cron")
        assert show(made) == ["In the crontab:", *(f"    {line}" for line in cron.lines(made))]
        install(made, "systemd")
        assert "    Persistent=true" in show(made)

    def test_remove_says_when_there_is_nothing(self, machine):
        machine.give("systemctl", "crontab")
        assert "nothing was changed" in remove(trigger(Path("reports")))[0]
        assert machine.crontab is None

    def test_a_folder_that_is_gone_can_still_be_removed(self, machine):
        machine.give("crontab")
        install(trigger(machine.reports), "cron")
        machine.reports.rmdir()
        assert remove(trigger(machine.reports))[0].startswith("Removed")
        with pytest.raises(UsageError, match="no such folder"):
            install(trigger(machine.reports), "cron")


def test_the_command(machine, capsys):
    from biasscope.analyze import main

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
