"""What the history of a scheduled report costs: runs a night apart, two analyses each, reports with 1,000 rows.

A process of its own makes the two files, first with nothing remembered and then as after a new run, with the table of
the time before. The target for 1,000 runs is 3 seconds; it is held against CPU time, since everything is one thread and
wall time says more about who else uses the machine.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import PYTHON, record, rounds, row
from tests.unit.schedule import sample_runs

ROUNDS, MOST = 3, 3.0
RUNS = (30, 1000)
CALL = "import sys, pathlib; from biasscope.schedule.history import update; update(pathlib.Path(sys.argv[1]))"
FORGET = "import sys, pathlib; pathlib.Path(sys.argv[1], 'history.parquet').unlink(missing_ok=True); "


def main() -> int:
    """Measure and record `results/history.json`."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for count in RUNS:
            folder = Path(name) / f"runs-{count}"
            folder.mkdir()
            sample_runs.history(folder, count, classes=1000)
            commands = {
                f"{count} runs, nothing remembered": [PYTHON, "-c", FORGET + CALL, str(folder)],
                f"{count} runs, one of them new": [PYTHON, "-c", CALL, str(folder)],
            }
            made = rounds(commands, ROUNDS)
            rows += [row(work, runs, cpu=MOST) for work, runs in made.items()]
    record("history", rows)
    return 0 if all(line["met"] for line in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
