"""A machine of its own for every test: a home, and programs that write down how they were called."""

import os
import stat
import sys
from pathlib import Path

import pytest

CRONTAB = """#!{python}
import pathlib, sys
table, broken = pathlib.Path({home!r}, "crontab.txt"), pathlib.Path({home!r}, "broken")
if broken.exists():
    sys.exit("crontab: " + broken.read_text())
if sys.argv[1:] == ["-l"]:
    if not table.exists():
        sys.exit("no crontab for tester")
    sys.stdout.buffer.write(table.read_bytes())
elif sys.argv[1:] == ["-"]:
    table.write_bytes(sys.stdin.buffer.read())
else:
    sys.exit("crontab: usage error")
"""
SYSTEMCTL = """#!{python}
import pathlib, sys
calls, broken = pathlib.Path({home!r}, "systemctl.txt"), pathlib.Path({home!r}, "unreachable")
if broken.exists():
    sys.exit("Failed to connect to bus: No medium found")
with calls.open("a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if pathlib.Path({home!r}, "refuses").exists() and "enable" in sys.argv:
    sys.exit("Failed to enable unit: it is masked")
"""


class Machine:
    """Home of a user, with or without crontab and systemd."""

    def __init__(self, home: Path) -> None:
        self.home, self.programs = home, home / "programs"
        self.programs.mkdir(parents=True)
        self.reports = home / "my project" / "reports"
        self.reports.mkdir(parents=True)

    def give(self, *names: str) -> "Machine":
        for name in names:
            path = self.programs / name
            text = {"crontab": CRONTAB, "systemctl": SYSTEMCTL}[name]
            path.write_text(text.format(python=sys.executable, home=str(self.home)))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return self

    @property
    def crontab(self) -> bytes | None:
        path = self.home / "crontab.txt"
        return path.read_bytes() if path.exists() else None

    @property
    def calls(self) -> list[str]:
        path = self.home / "systemctl.txt"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def units(self) -> dict[str, str]:
        folder = self.home / ".config" / "systemd" / "user"
        return {path.name: path.read_text() for path in sorted(folder.iterdir())} if folder.exists() else {}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / "home")
    for name in [name for name in os.environ if name.startswith(("BIASSCOPE_", "XDG_", "HF_", "TORCH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.chdir(made.reports.parent)
    return made
