"""Small networks that are not trained yet, trained at the same time, one process each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from biasscope.core.progress import Progress
from biasscope.models.small.cache import cache_folder
from biasscope.models.small.recipe import RECIPES

SCHEME = "small:"
CODE = """import sys
from biasscope.core.memory import keep_freed_memory
from biasscope.models import load_model
keep_freed_memory()
load_model(sys.argv[1])"""
SLOW_FIRST = ("polyphase", "antialias", "pac", "plain")


def train_ahead(specs: Sequence[object], progress: Progress) -> int:
    """Train what is missing, as many at a time as there are cores; gives the number of networks.

    One network alone, or one core, is left to :func:`biasscope.load_model`. So is what fails here: it says why. The
    weights are the same, because training takes one thread wherever it runs.
    """
    missing = _missing(specs)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(missing) < 2 or cores < 2:
        return 0
    with progress.step(f"Training {len(missing)} small networks, once"), ThreadPoolExecutor(cores) as pool:
        list(pool.map(_train, missing))
    return len(missing)


def _missing(specs: Sequence[object]) -> list[str]:
    """Networks that are asked for and not in the cache, those that take longest first."""
    names = [spec.removeprefix(SCHEME) for spec in specs if isinstance(spec, str) and spec.startswith(SCHEME)]
    wanted = [RECIPES[name] for name in dict.fromkeys(names) if name in RECIPES]
    absent = [item for item in wanted if not (cache_folder() / f"{item.name}-{item.key()[:16]}.safetensors").exists()]
    return [f"{SCHEME}{item.name}" for item in sorted(absent, key=lambda item: SLOW_FIRST.index(item.form))]


def _train(spec: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CODE, spec]
    subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
