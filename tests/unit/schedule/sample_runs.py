"""Runs of a scheduled report on disk, made up: as many as asked, some of them failed, broken off or unreadable."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from biasscope.core.results import Interval, Result, Scalar, column, table
from biasscope.report.gates import Verdict
from biasscope.report.model import Report, encode
from biasscope.schedule import record as records
from biasscope.schedule.record import AnalysisRun, RunRecord
from tests.unit.report.sample_reports import HOSTILE, provenance

FIRST = datetime(2026, 1, 5, 3, 0, 0, tzinfo=UTC)
SHARE, EFFECT, COUNT = "shifts.consistency@resnet18", "position.effect", "position.nonuniform_feasible"


def spread(value, width, n=None):
    return {"value": value, "interval": Interval(value - width, value + width), "n": n}


def report(kind, scalars, *, title="Annotations of the growing dataset", classes=0):
    """A report with these scalars (by kind of result) at its head and in its results."""
    tables = [table("classes", [column("label", [f"class {i}" for i in range(classes)])])] if classes else []
    results = [Result(name, "Found.", scalars=found, tables=tables) for name, found in scalars.items()]
    head = [scalar for found in scalars.values() for scalar in found]
    return Report(kind, title, "Is it biased?", ["Yes."], head, results, provenance())


def dataset(rng, place, **options):
    effect = 0.2 + 0.0001 * place + rng.normal(0, 0.004)
    classes = float(700 + place % 20)
    count = Scalar("nonuniform_feasible", classes, "classes placed non-uniformly", n=874, unit="classes")
    found = Scalar("effect", title="effect over all classes", better="lower", **spread(effect, 0.012, 40_000))
    return report("dataset", {"position": [count, found]}, **options)


def model(rng, place, **options):
    kept = float(np.clip(0.93 + rng.normal(0, 0.006) - 0.04 * (place % 90 > 80), 0, 1))
    title = "consistency of resnet18 over the shifts"
    found = Scalar("consistency@resnet18", title=title, better="higher", **spread(kept, 0.01, 500))
    low = spread(kept - 0.2, 0.02, 500)
    worst = Scalar("worst_case@resnet18", title="worst case of resnet18", better="higher", **low)
    options = {"title": "Does resnet18 keep its answer?"} | options
    return report("invariance", {"shifts": [found, worst]}, **options)


def verdict(address, value, words, bound, *, failed, baseline=None):
    said = f"{address} is {value:.6g}, must be {words} {bound:g}"
    status = "failed" if failed else "passed"
    return Verdict(f"{address} {words} {bound:g}", address, status, value, None, bound, baseline, said)


def judged(name, made):
    """Verdicts on the made-up reports."""
    if name == "boxes":
        value = made.results[0].scalar("effect").value
        return [verdict(EFFECT, value, "at most", 0.25, failed=value > 0.25)]
    value = made.results[0].scalar("consistency@resnet18").value
    return [verdict(SHARE, value, "at least", 0.9, failed=value < 0.9)]


def record(name, place, started, analyses, **options):
    """Record of a run with these analyses, its status from their verdicts and errors."""
    statuses = {one.status for item in analyses for one in item.verdicts}
    broken = any(item.error for item in analyses)
    status = "error" if broken else "failed" if "failed" in statuses else "passed"
    code = {"error": 4, "failed": 1, "passed": 0}[status]
    finished = (started + timedelta(seconds=41.5)).isoformat()
    facts = {"status": status, "exit_code": code, "number": place + 1, "title": "Nightly check"} | options
    return RunRecord(name=name, started=started.isoformat(), finished=finished, analyses=analyses, **facts)


def write_run(folder: Path, made: RunRecord, reports) -> Path:
    """Write one run as ``due`` does: run.json, and report.json with report.html for each analysis."""
    run = folder / records.stamp(records.instant(made.started))
    for name, found in reports.items():
        (run / name).mkdir(parents=True)
        (run / name / "report.json").write_bytes(encode(found))
        (run / name / "report.html").write_text("<!doctype html><title>report</title>")
    run.mkdir(exist_ok=True)
    (run / records.FILE).write_bytes(records.encode(made))
    return run


def history(folder: Path, runs: int, *, seed=0, **options) -> Path:
    """Folder of a scheduled report with that many runs a night apart, of two analyses each."""
    rng = np.random.default_rng(seed)
    for place in range(runs):
        reports = {"boxes": dataset(rng, place, **options), "model": model(rng, place, **options)}
        made = [
            AnalysisRun(name=name, kind=found.kind, folder=name, seconds=3.0, verdicts=judged(name, found))
            for name, found in reports.items()
        ]
        if place % 50 == 33:
            made[1] = AnalysisRun(name="model", kind="invariance", error="weights.pt: cannot read the weights")
            del reports["model"]
        write_run(folder, record(folder.name, place, FIRST + timedelta(days=place), made), reports)
    return folder


def cut(run: Path, name: str = records.FILE) -> None:
    """Leave half a file where a whole one was."""
    path = run / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def decoded(folder: Path, run: str) -> RunRecord:
    return msgspec.json.decode((folder / run / records.FILE).read_bytes(), type=RunRecord)


def mishaps(folder: Path) -> Path:
    """The same runs, one of them cut off, one with an unreadable report, one incomparable, and what is no run."""
    runs = sorted(path for path in folder.iterdir() if path.is_dir())
    cut(runs[5])
    cut(runs[7] / "boxes", "report.json")
    read = records.read(runs[9])
    said = Verdict("g", SHARE, "incomparable", 0.93, said=f"{SHARE}: there is no baseline yet")
    items = [read.analyses[0], msgspec.structs.replace(read.analyses[1], verdicts=[said])]
    changed = msgspec.structs.replace(read, status="incomparable", exit_code=3, analyses=items)
    (runs[9] / records.FILE).write_bytes(records.encode(changed))
    (folder / "latest").symlink_to(runs[-1].name)
    (folder / "20990101T000000Z").symlink_to(runs[0])
    (folder / ".20270101T000000Z-staging").mkdir()
    return folder


def hostile(folder: Path) -> Path:
    """Runs whose every text is out to harm, and whose folders lead out of the run."""
    rng = np.random.default_rng(0)
    for place, text in enumerate(HOSTILE):
        name = f"{text}"[:40] or "empty"
        found = Scalar(f"effect@{text}", title=text, better="lower", **spread(rng.random(), 0.1, 10))
        made = msgspec.structs.replace(report("dataset", {"position": [found]}, title=text), question=text)
        address = f"position.effect@{text}"
        said = Verdict(f"{address} at most 0", address, "failed", found.value, None, 0.0, None, f"{address} is {text}")
        items = [
            AnalysisRun(name=name, kind=text, folder="boxes", seconds=1.0, verdicts=[said]),
            AnalysisRun(name="out", folder="../../secret", error=text),
            AnalysisRun(name="root", folder="/etc", error=text),
        ]
        moment = FIRST + timedelta(days=place)
        write_run(folder, record(text, place, moment, items, title=text, notes=[text]), {"boxes": made})
    return folder
