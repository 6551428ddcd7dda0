"""What importing the metrics costs beyond torch: fresh interpreters, interleaved rounds, differences of each round.

The functions and the registry must cost about nothing (at most 0.3 s); torchmetrics is imported when a class is first
used, and recorded without a target.
"""

from __future__ import annotations

import statistics
import sys

from tests.benchmarks.measure import PYTHON, Run, median, record, rounds

ROUNDS, MOST = 7, 0.3
IMPORTS = {
    "import torch": "import torch",
    "import biasscope.metrics": "import biasscope.metrics",
    "first class of biasscope.metrics": "from biasscope.metrics import Consistency",
    "first class and its interval": (
        "import torch; from biasscope.metrics import Consistency as C; m = C(); "
        "m.update(torch.zeros(2, 3, dtype=torch.long)); m.interval()"
    ),
}


def line(name: str, runs: list[Run], torch_alone: list[Run]) -> dict[str, object]:
    """Medians, and the median of what each round took beyond torch."""
    beyond = statistics.median(one.cpu - other.cpu for one, other in zip(runs, torch_alone, strict=True))
    wall = statistics.median(one.wall - other.wall for one, other in zip(runs, torch_alone, strict=True))
    middle = median(runs)
    found: dict[str, object] = {
        "work": name,
        "cpu": middle.cpu,
        "wall": middle.wall,
        "peak_mb": middle.peak_mb,
        "cpu_beyond_torch": beyond,
        "wall_beyond_torch": wall,
    }
    return found | ({"cpu_target": MOST, "met": beyond <= MOST} if name == "import biasscope.metrics" else {})


def main() -> int:
    """Measure, print and record."""
    commands = {name: (PYTHON, "-c", code) for name, code in IMPORTS.items()}
    environment = {"OMP_NUM_THREADS": "1"}
    rounds(commands, 1, environment=environment)  # warms the file cache
    runs = rounds(commands, ROUNDS, environment=environment)
    rows = [line(name, found, runs["import torch"]) for name, found in runs.items()]
    record("import", rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
