"""Sweeps of several models at the same time on the CPU, one process each; what fails there is done here again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from biasscope.copies import CopiesSweep, Training, augmentation_sweep
from biasscope.core.errors import InputError

CODE = "from biasscope.pipeline.augmentation.workers import work; work()"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def together(models: Sequence[str], words: Mapping[str, Any]) -> list[CopiesSweep | None]:
    """Sweep every model in a process of its own, as many at a time as there are cores.

    The answers are those of one process, because every network is trained on one thread wherever it runs. A process
    ends with the one that started it.

    Parameters
    ----------
    models
        Models as texts.
    words
        Keywords of :func:`biasscope.copies.augmentation_sweep` that JSON can hold.

    Returns
    -------
    Sweeps in the order of the models; ``None`` for what failed.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(cores()) as pool:
        files = [Path(folder, f"{place}.safetensors") for place in range(len(models))]
        return list(pool.map(partial(_apart, words), models, files))


def _apart(words: Mapping[str, Any], model: str, file: Path) -> CopiesSweep | None:
    order = json.dumps({"model": model, "file": str(file), "words": dict(words)}, default=str)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CODE, order]
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait()
        except BaseException:
            process.kill()
            raise
    try:
        return CopiesSweep.load(file) if process.returncode == 0 else None
    except InputError:
        return None


def work() -> None:
    """Do what :func:`together` orders in this process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    order = json.loads(sys.argv[1])
    sweep(order["model"], order["words"]).save(order["file"])


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever written: this returns when the other end is gone
    os._exit(1)


def sweep(model: Any, words: Mapping[str, Any], **more: Any) -> CopiesSweep:
    """One sweep from keywords that JSON can hold."""
    given = dict(words)
    given["copies"] = [tuple(one) if isinstance(one, list) else one for one in given["copies"]]
    training = Training(rate=given.pop("rate"), amp=given.pop("amp"))
    return augmentation_sweep(model, given.pop("images"), training=training, **given, **more)
