"""Whole processes measured from outside: CPU seconds, wall seconds and peak memory of a child, over several rounds."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from biasscope.core.provenance import versions

RESULTS = Path(__file__).parent / "results"
PYTHON = sys.executable


@dataclass(frozen=True)
class Run:
    """One finished child: CPU seconds (user + system), wall seconds, peak resident MB."""

    cpu: float
    wall: float
    peak_mb: float


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run a command to its end; raises when it fails.

    The child's usage comes from ``wait4``, so that children of other rounds are not counted in. Modules are kept
    compiled, as those of an installed package are, also where this process was told not to.
    """
    variables = {**os.environ, **(environment or {})}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    child = subprocess.Popen(
        list(command),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=variables,
    )
    assert child.stderr is not None
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode:
        raise RuntimeError(f"{command} ended with {child.returncode}: {message.decode(errors='replace')[-2000:]}")
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)


def rounds(commands: Mapping[str, Sequence[str]], count: int, **options: object) -> dict[str, list[Run]]:
    """Run all commands in turn, ``count`` times over, so that a drifting machine hits all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            runs[name].append(run(command, **options))  # type: ignore[arg-type]
    return runs


def median(runs: Sequence[Run]) -> Run:
    """Median of each figure."""
    return Run(*(statistics.median(getattr(item, name) for item in runs) for name in ("cpu", "wall", "peak_mb")))


def ratio(above: Sequence[Run], below: Sequence[Run], figure: str = "cpu") -> float:
    """Median of the ratios round by round."""
    pairs = zip(above, below, strict=True)
    return statistics.median(getattr(one, figure) / getattr(other, figure) for one, other in pairs)


def speed() -> float:
    """CPU seconds of a fixed piece of work, median of five: two records of a drifting machine compare by it."""
    work = "import hashlib, json; json.loads(json.dumps([[i, i / 7] for i in range(300_000)])); "
    work += "hashlib.sha256(bytes(1 << 27))"
    return median([run([PYTHON, "-c", work]) for _ in range(5)]).cpu


def machine() -> dict[str, object]:
    """What a figure was measured on, and how fast that was at the time."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    about = {"processor": model, "cores": os.cpu_count(), "system": platform.system(), "fixed_work_cpu": speed()}
    return {**about, "versions": versions()}


def record(name: str, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write `results/<name>.json` and print a line a row."""
    for row in rows:
        print(
            "  ".join(
                f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in row.items()
            )
        )
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), "rows": list(rows)}, indent=1) + "\n")
    return path


def row(work: str, runs: Sequence[Run], **targets: float) -> dict[str, object]:
    """One line of a table: medians beside their targets and whether all targets are met."""
    measured = asdict(median(runs))
    met = all(measured[name] <= most for name, most in targets.items())
    return {"work": work, **measured, **{f"{name}_target": most for name, most in targets.items()}, "met": met}
