"""`due` through the public command: once a moment, one at a time, whatever is killed, broken or full."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import pytest

from biasscope.report.model import decode
from tests.cli.conftest import Program

HELD = """
import sys
from biasscope.schedule import making
analyse = making.analyse
def held(schedule, part, *rest):
    if part.name == "slow":
        print("held", flush=True)
        sys.stdin.readline()
    return analyse(schedule, part, *rest)
making.analyse = held
from biasscope.analyze import main
sys.exit(main(["due", *sys.argv[1:]]))
"""
GATED = '[[gates]]\nnumber = "position.tested"\nat_least = 5\n'


@pytest.fixture
def reports(tmp_path: Path, coco: Path, fonts: None) -> Path:
    """Folder with one report on a small dataset, and a slow analysis beside the quick one."""
    text = 'title = "{0}"\nquestion = "dataset"\nsource = "us"\nfigures = ["scale"]\n[dataset]\n'  # one is soon drawn
    (tmp_path / "boxes.toml").write_text(text.format("Boxes") + f'paths = ["{coco.name}"]\nleakage = false\n')
    (tmp_path / "slow.toml").write_text(text.format("Slow"))
    folder = tmp_path / "reports"
    folder.mkdir()
    write(folder, "nightly")
    return folder


def write(folder: Path, name: str, text: str = "", analyses: str = '"../boxes.toml"') -> None:
    (folder / f"{name}.toml").write_text(f'title = "{name}"\nevery = "P100Y"\nanalyses = [{analyses}]\n{text}')


def start(
    folder: Path, *arguments: str, code: str = "", stdout: int | TextIO = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """Begin ``due``, or code that calls it in its own way."""
    command = [sys.executable, *(("-c", code) if code else ("-m", "biasscope.analyze", "due")), *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BIASSCOPE_")}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONWARNINGS": "error"},
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_names(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name.endswith("Z"))


def test_a_report_is_run_once_and_says_where_it_is(program: Program, here: Program, reports: Path) -> None:
    done = program("due")
    assert (done.returncode, done.stderr) == (0, "")
    home = reports / "output" / "nightly"
    (name,) = run_names(home)
    assert done.stdout == f"nightly: passed, 1 analysis in {done.stdout.split()[5]} s: {home / name}\n"
    report = decode((home / "latest" / "boxes" / "report.json").read_bytes())
    assert report.title == "Boxes"
    assert (home / "latest" / "boxes" / "report.html").is_file()
    assert (home / "index.html").is_file()
    again = here("due")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("nightly: not due until ")
    assert here("due", "--quiet").stdout == ""
    assert run_names(home) == [name]


def test_nothing_heavy_is_imported_when_nothing_is_due(here: Program, reports: Path, tmp_path: Path) -> None:
    assert here("due").returncode == 0
    heavy = ("torch", "polars", "numpy", "scipy", "matplotlib", "jinja2")
    code = f"from biasscope.analyze import main; main(['due']); import sys; print({{*{heavy}}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_what_cannot_be_printed_keeps_no_report_from_running(reports: Path) -> None:
    write(reports, "weekly")
    with Path("/dev/full").open("w") as full:
        process = start(reports.parent, stdout=full)
        _, errors = process.communicate()
    assert process.returncode == 3
    assert errors.count("stdout: cannot write (No space left on device)") == 1
    assert [len(run_names(reports / "output" / name)) for name in ("nightly", "weekly")] == [1, 1]


def test_streams_that_are_closed_keep_no_report_from_running_and_change_no_exit_code(
    program: Program, reports: Path
) -> None:
    write(reports, "weekly", '[[gates]]\nnumber = "position.tested"\nat_least = 5\n')

    def close() -> None:
        os.close(1)
        os.close(2)

    assert program("due", preexec_fn=close).returncode == 1
    assert [len(run_names(reports / "output" / name)) for name in ("nightly", "weekly")] == [1, 1]
    assert program("due", "--list", preexec_fn=close).returncode == 0


def test_a_failed_gate_is_one_line_and_exit_code_1(here: Program, reports: Path) -> None:
    write(reports, "nightly", GATED + '[[gates]]\nnumber = "position.classes"\nat_least = 1\n')
    done = here("due", "reports/nightly.toml")
    assert (done.returncode, done.stderr) == (1, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("nightly: failed, 1 analysis")
    assert second.startswith("nightly: boxes: failed: position.tested is 2")
    assert here("due", "--now", "--quiet").stdout.splitlines()[1] == second


def test_listing_runs_nothing(here: Program, reports: Path) -> None:
    write(reports, "broken", "x = 1")
    done = here("due", "--list")
    assert done.returncode == 2
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert rows["nightly"].split()[1:6] == ["every", "P100Y", "(UTC)", "none", "now"]
    assert "cannot be read" in rows["broken"]
    assert not (reports / "output").exists()
    here("due")
    assert " passed " in here("due", "--list", "reports/nightly.toml").stdout


def test_listing_looks_into_the_analyses(here: Program, reports: Path) -> None:
    text = 'title = "x"\nquestion = "dataset"\nsource = "us"\n[dataset]\npath = 1\n'
    (reports.parent / "misspelt.toml").write_text(text)
    write(reports, "nightly", analyses='"../boxes.toml", "../misspelt.toml", "nowhere.toml"')
    done = here("due", "--list")
    first, second = done.stderr.splitlines()
    assert first.startswith("biasscope: nightly: misspelt: ")
    assert "no option path" in first
    assert second.startswith("biasscope: nightly: nowhere: ")
    assert (done.returncode, (reports / "output").exists()) == (2, False)


def test_kill_9_leaves_the_previous_report_and_the_next_due_succeeds(here: Program, reports: Path) -> None:
    assert here("due").returncode == 0
    home = reports / "output" / "nightly"
    before = content(home)
    write(reports, "nightly", analyses='"../boxes.toml", "../slow.toml"')
    process = start(reports.parent, "--now", code=HELD)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert list(home.glob(".staging-*/boxes/report.json"))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    (staging,) = home.glob(".staging-*")
    after = {name: data for name, data in content(home).items() if not name.startswith((".staging-", ".lock"))}
    assert after == {name: data for name, data in before.items() if name != ".lock"}
    assert (home / "latest").readlink() == Path(run_names(home)[0])

    done = here("due", "--now")
    assert done.returncode == 0
    assert f"by process {process.pid}, which no longer runs, was broken off" in done.stderr
    assert not staging.exists()
    assert len(run_names(home)) == 2
    assert (home / "latest" / "slow" / "report.json").is_file()
    assert {
        name: data for name, data in content(home).items() if name in before and name.split("/")[0].endswith("Z")
    } == {name: data for name, data in before.items() if name.split("/")[0].endswith("Z")}


def test_several_at_once_run_each_report_once(reports: Path) -> None:
    write(reports, "nightly", analyses='"../slow.toml"')
    write(reports, "weekly")
    processes = [start(reports.parent) for _ in range(3)]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert all(errors == "" for _, errors in said)
    for name in ("nightly", "weekly"):
        assert len(run_names(reports / "output" / name)) == 1
        lines = [line for out, _ in said for line in out.splitlines() if line.startswith(f"{name}: ")]
        assert len(lines) == 3
        assert sum("passed" in line for line in lines) == 1
        assert sum("being run by" in line or "not due until" in line for line in lines) == 2
    assert not list((reports / "output").glob("*/.staging-*"))


def test_a_run_in_the_future_is_run_and_said(here: Program, reports: Path) -> None:
    here("due")
    home = reports / "output" / "nightly"
    path = home / run_names(home)[0] / "run.json"
    made = json.loads(path.read_bytes())
    path.write_text(json.dumps(made | {"started": "2999-01-01T00:00:00+00:00"}))
    done = here("due")
    assert done.returncode == 0
    assert "2999-01-01 00:00 UTC, which is in the future: the clock was set back" in done.stderr
    assert "not due until" in here("due").stdout
    assert len(run_names(home)) == 2


@pytest.mark.parametrize("most", [300, 20_000])  # the record of the run fits, its report does not
def test_a_full_disk_is_exit_3_and_loses_nothing(program: Program, here: Program, reports: Path, most: int) -> None:
    assert here("due").returncode == 0
    home = reports / "output" / "nightly"
    before = content(home)
    done = program("due", "--now", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    assert done.returncode == 3
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert {name: data for name, data in content(home).items() if name != ".lock"} == {
        name: data for name, data in before.items() if name != ".lock"
    }
    assert here("due", "--now").returncode == 0


def test_code_is_imported_only_when_allowed(
    here: Program, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.py").write_text(
        "open('owned', 'w').close()\ndef model():\n    import torch\n    return torch.nn.Identity()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "evil", None)  # forgotten after the test, as is what is imported in its place
    del sys.modules["evil"]
    text = 'title = "M"\nquestion = "invariance"\nsource = "us"\n[invariance]\nmodel = ["python:evil:model"]\n'
    (tmp_path / "boxes.toml").write_text(text)
    done = here("due")
    assert done.returncode == 2
    assert "--allow-python" in done.stderr
    assert not (tmp_path / "owned").exists()
    here("due", "--now", "--allow-python")
    assert (tmp_path / "owned").exists()


@pytest.mark.usefixtures("trained")
def test_the_reports_that_come_with_it_run(program: Program, here: Program, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "reports"
    for run in (program, here):
        done = run("due", folder, "--tiny", "--now", "--output", "trial")
        assert (done.returncode, done.stderr) == (0, "")
    for path in folder.glob("*.toml"):
        names = run_names(tmp_path / "trial" / path.stem)
        assert len(names) == 2
        assert all(
            item["folder"]
            for item in json.loads((tmp_path / "trial" / path.stem / names[1] / "run.json").read_text())["analyses"]
        )
