"""Sweeps of several models at the same time on the CPU, one process each; what fails there is done here again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from biasscope.copies import CopiesSweep, Data, Training, augmentation_sweep
from biasscope.core.errors import InputError
from biasscope.core.progress import Progress
from biasscope.pipeline.augmentation.pictures import read, write

SETTINGS = ("rate", "amp", "channels_last", "compile")
"""Options that say how a network is trained."""
CODE = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
from biasscope.pipeline.augmentation.workers import work
work()
"""
"""What a process runs. Nothing is ever written to it: reading returns when its parent is gone, and then it ends,
even while it is still importing."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def together(
    models: Sequence[str], words: Mapping[str, Any], data: Data, progress: Progress, total: int | None = None
) -> list[CopiesSweep | None]:
    """Sweep every model in a process of its own, as many at a time as there are cores.

    The answers are those of one process, because every network is trained on one thread wherever it runs. A process
    ends with the one that started it.

    Parameters
    ----------
    models
        Models as texts.
    words
        Keywords of :func:`biasscope.copies.augmentation_sweep` that JSON can hold.
    data
        Images of all of them.
    progress
        Where the networks of all models are counted.
    total
        How many they are, where that is known.

    Returns
    -------
    Sweeps in the order of the models; ``None`` for what failed.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(cores()) as pool,
        progress.bar("training networks", total) as advance,
    ):
        orders = [
            {"model": model, "file": str(Path(folder, f"{place}.safetensors")), "data": str(write(data, Path(folder)))}
            for place, model in enumerate(models)
        ]
        return list(pool.map(lambda order: _apart({**order, "words": dict(words)}, advance), orders))


def _apart(order: Mapping[str, Any], advance: Callable[[int], None]) -> CopiesSweep | None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CODE, json.dumps(order, default=str)]
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                advance(int(line))
            process.wait()
        except BaseException:
            process.kill()
            raise
    try:
        return CopiesSweep.load(Path(order["file"])) if process.returncode == 0 else None
    except InputError:
        return None


class Counted(Progress):
    """Progress of a process that another one shows: a line on stdout for every step."""

    @contextmanager
    def bar(self, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Write how many were done since the last call."""
        yield lambda done: print(done, flush=True)  # noqa: T201


def work() -> None:
    """Do what :func:`together` orders in this process."""
    order = json.loads(sys.argv[1])
    found = sweep(order["model"], read(Path(order["data"])), order["words"], progress=Counted())
    found.save(order["file"])


def sweep(model: Any, data: Data, words: Mapping[str, Any], progress: Progress) -> CopiesSweep:
    """One sweep from keywords that JSON can hold."""
    given = dict(words)
    given["copies"] = [tuple(one) if isinstance(one, list) else one for one in given["copies"]]
    training = Training(**{name: given.pop(name) for name in SETTINGS})
    return augmentation_sweep(model, data, training=training, progress=progress, **given)
