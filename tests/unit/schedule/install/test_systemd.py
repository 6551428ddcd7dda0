"""The user's service and timer: what is written, once, started and removed, and that other units are left."""

import configparser
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from biasscope.core.errors import OutputError, UsageError
from biasscope.schedule.install import systemd, trigger


def unit(text):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_written_started_and_removed_again(machine):
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


def test_what_is_taken_over_is_for_the_user_alone(machine, monkeypatch):
    machine.give("systemctl")
    monkeypatch.setenv("HF_TOKEN", "secret")
    made = trigger(Path("reports"), env=["HF_TOKEN"])
    systemd.install(made)
    paths = list(systemd.installed(made))
    assert "secret" in paths[0].read_text()
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o600]


def test_odd_characters_mean_themselves(machine, monkeypatch):
    odd = machine.home / 'a $b %h "c" \\d'
    odd.mkdir()
    monkeypatch.setenv("BIASSCOPE_DATA", '50% $x "y"')
    service = unit(systemd.units(trigger(odd))[f"{trigger(odd).name}.service"])["Service"]
    assert '"BIASSCOPE_DATA=50%% $x \\"y\\""' in service["Environment"]
    assert '/a $$b %%h \\"c\\" \\\\d"' in service["ExecStart"]


def test_systemd_takes_the_units(systemd_analyze, machine, monkeypatch, tmp_path):
    monkeypatch.setenv("BIASSCOPE_DATA", '50% $x "y"')
    systemd.install(trigger(Path("reports")))
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    folder = systemd.place()
    found = subprocess.run(
        [systemd_analyze, "verify", "--user", *map(str, folder.glob("*.timer"))],
        env={"PATH": "/usr/bin:/bin", "HOME": str(machine.home), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_where_systemd_does_not_answer_it_says_what_to_do(machine):
    machine.give("systemctl")
    (machine.home / "unreachable").touch()
    made = trigger(Path("reports"))
    assert systemd.install(made)[-1].endswith(f"systemctl --user enable --now {made.name}.timer")
    assert len(machine.units) == 2
    assert systemd.remove(made)[0].startswith("Removed")
    assert machine.units == {}


def test_a_refusal_is_an_error(machine):
    machine.give("systemctl")
    (machine.home / "refuses").touch()
    with pytest.raises(OutputError, match="it is masked"):
        systemd.install(trigger(Path("reports")))


def test_units_of_others_are_left(machine):
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


def test_the_folder_of_settings_can_be_elsewhere(machine, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(machine.home / "settings"))
    systemd.install(trigger(Path("reports")))
    assert len(list((machine.home / "settings" / "systemd" / "user").iterdir())) == 2
