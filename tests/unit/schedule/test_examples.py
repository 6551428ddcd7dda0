"""The examples of triggers in ``reports/schedule``: each is read as its program reads it, and what it calls is run."""

import ast
import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from biasscope.schedule.install import cron, systemd, trigger

FOLDER = Path(__file__).parents[3] / "reports" / "schedule"
UNITS = [FOLDER / f"biasscope.{kind}" for kind in ("service", "timer")]
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@pytest.fixture
def project(tmp_path):
    """A project as the examples want it: a virtual environment, and a report that is due."""
    place = tmp_path / "project"
    (place / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        wrapper = place / ".venv" / "bin" / name
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        wrapper.chmod(0o755)
    (place / "reports").mkdir()
    (place / "boxes.csv").write_text(
        "image_id,x0,y0,x1,y1,label,image_width,image_height\n"
        + "".join(f"{i},{i},{i % 7},{i + 20},{i % 7 + 30},cat,100,80\n" for i in range(60))
    )
    (place / "boxes.toml").write_text(
        'title = "Boxes"\nquestion = "dataset"\nsource = "made up"\ndescription = "Sixty boxes."\n'
        '[dataset]\npaths = ["boxes.csv"]\nbox_convention = "edges"\nleakage = false\n'
    )
    (place / "reports" / "nightly.toml").write_text(
        'title = "Nightly"\nanalyses = ["../boxes.toml"]\nevery = "P100Y"\nsummary = true\njunit = true\n'
    )
    return place


def run(command, project, **facts):
    """Run a line in the shell as the example's program would, and give the folder of the report it made."""
    path = f"{project / '.venv' / 'bin'}:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(project.parent), "OMP_NUM_THREADS": "1"} | facts
    found = subprocess.run(
        ["/bin/sh", "-c", command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return project / "reports" / "output" / "nightly"


def complete(folder):
    (made,) = folder.glob("2*Z")
    names = {path.relative_to(folder).as_posix().replace(made.name, "RUN") for path in folder.rglob("*.*")}
    wanted = {"index.html", "history.parquet", "RUN/run.json", "RUN/boxes/report.json", "RUN/junit.xml"}
    return wanted <= names


def schedule(line):
    """Five fields of a crontab line and its command; each field must be in its range."""
    *fields, command = line.split(None, 5)
    assert len(fields) == 5
    for field, (low, high) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
            assert found, part
            numbers = [int(number) for number in found.groups() if number]
            assert all(low <= number <= high for number in numbers)
    return fields, command


def units(text):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_nothing_else_lies_there():
    assert sorted(path.name for path in FOLDER.iterdir() if not path.name.startswith("_")) == [
        "airflow_dag.py",
        "biasscope.service",
        "biasscope.timer",
        "crontab",
        "github-actions.yml",
    ]


def test_what_the_units_start_runs(project):
    service, timer = UNITS
    assert units(timer.read_text())["Timer"]["Persistent"] == "true"
    known = units(service.read_text())["Service"]
    assert known["WorkingDirectory"].replace("%h", str(project.parent)) == str(project)
    assert complete(run(known["ExecStart"].replace("%h", str(project.parent)), project))


def test_systemd_takes_the_units(systemd_analyze, project, tmp_path):
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = os.environ | {"HOME": str(project.parent), "XDG_RUNTIME_DIR": str(runtime)}
    found = subprocess.run(
        [systemd_analyze, "verify", "--user", *map(str, UNITS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_the_units_are_those_that_install_writes(project, monkeypatch):
    monkeypatch.chdir(project)
    made = systemd.units(trigger(project / "reports"))
    service, timer = (units(text) for text in made.values())
    given = [units((FOLDER / f"biasscope.{kind}").read_text()) for kind in ("service", "timer")]
    assert [sorted(given[0]), sorted(given[1])] == [sorted(service), sorted(timer)]
    assert given[1]["Timer"] == timer["Timer"]
    assert set(given[0]["Service"]) == set(service["Service"]) - {"Environment"}


def test_the_line_of_the_crontab_runs(project, monkeypatch):
    (line,) = [line for line in (FOLDER / "crontab").read_text().splitlines() if not line.startswith("#")]
    fields, command = schedule(line)
    assert "%" not in command
    assert complete(run(command, project))
    monkeypatch.chdir(project)
    assert schedule(cron.lines(trigger(project / "reports"))[1])[0] == fields
    again = subprocess.run(  # what is not due is not run, and cron has nothing to mail
        ["/bin/sh", "-c", command],
        env={"HOME": str(project.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert (again.stdout, again.stderr) == (b"", b"")


def test_the_workflow_runs_what_is_due(project, tmp_path):
    flow = yaml.safe_load((FOLDER / "github-actions.yml").read_text())
    (when,) = flow["on"]["schedule"]
    schedule(f"{when['cron']} command")
    assert flow["permissions"] == {"contents": "read"}
    steps = flow["jobs"]["reports"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    (line,) = [step["run"] for step in steps if "biasscope.analyze" in step.get("run", "")]
    summary = tmp_path / "summary.md"
    assert complete(run(line, project, GITHUB_STEP_SUMMARY=str(summary)))
    assert summary.read_text("utf-8").startswith("## ")
    restore, keep = (step for step in steps if "cache" in step.get("uses", ""))
    assert restore["with"]["path"] == keep["with"]["path"] == "reports/output"
    assert keep["with"]["key"].startswith(restore["with"]["restore-keys"])
    after = steps[steps.index(keep) :]
    assert all("cancelled" in step["if"] for step in after)  # also when a gate has failed


def test_the_task_of_airflow_runs_what_is_due(project):
    """Airflow is no dependency: the file is compiled, and what it hands to Airflow is looked at and run."""
    text = (FOLDER / "airflow_dag.py").read_text()
    compile(text, "airflow_dag.py", "exec")
    tree = ast.parse(text)
    (operator,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) == "BashOperator"]
    (dag,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) == "DAG"]
    given = {item.arg: item.value for item in operator.keywords}
    assert set(given) == {"task_id", "bash_command", "cwd", "append_env", "env"}
    assert ast.literal_eval({item.arg: item.value for item in dag.keywords}["catchup"]) is False
    imported = {item.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for item in node.names}
    assert imported == {"UTC", "datetime", "timedelta", "BashOperator", "DAG"}
    assert complete(run(ast.literal_eval(given["bash_command"]), project))


def called(node):
    return node.func.id if isinstance(node.func, ast.Name) else ""
