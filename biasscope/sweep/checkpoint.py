"""Blocks that are done, on disk: a sweep that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.core.progress import Progress
from biasscope.images.picture import ImageProblem, Picture
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from biasscope.sweep.accumulate import Tables

STALE_SECONDS = 3600
SAME = ("label", "protocol")
"""Plans that have these in common are versions of one another; others just lie in the same folder."""
Stored = tuple[Tables, tuple[ImageProblem, ...]]


class Checkpoint:
    """Finished blocks of one plan, a file each, in a folder of its own below ``folder``.

    A block's name is a hash of the plan and of the pictures as they were read, so that nothing else can be taken for
    it. Files are complete before they get their name, and all processes that run the same plan write the same bytes.

    Parameters
    ----------
    folder
        Where checkpoints are kept.
    plan
        Everything that decides the result, apart from the pictures.
    progress
        Where it is said that a checkpoint is of another plan, or damaged.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], progress: Progress) -> None:
        self._plan = json.dumps(plan, sort_keys=True, default=str)
        self._key = hashlib.sha256(self._plan.encode()).hexdigest()
        self.folder, self._progress = folder / self._key[:16], progress
        self._remove_leftovers()
        if not self.folder.is_dir():
            self._say_what_differs(folder, json.loads(self._plan))
        self._write({"plan.json": self._plan.encode()})

    def key(self, group: list[tuple[int, Picture]], targets: list[int]) -> str:
        """Name of a block: what it consists of, to the pixel."""
        digest = hashlib.sha256(self._key.encode())
        for (number, picture), target in zip(group, targets, strict=True):
            shape, box = picture.pixels.shape, picture.box and [float(edge) for edge in picture.box]
            digest.update(json.dumps([number, picture.image_id, target, shape, box]).encode())
            digest.update(picture.pixels.tobytes())
        return digest.hexdigest()[:32]

    def save(self, key: str, tables: Tables, problems: Sequence[ImageProblem]) -> None:
        """Store the tables of a block and the pictures that were refused."""
        refused = json.dumps([asdict(problem) for problem in problems])
        notes = {"problems": refused, "sha256": _digest(tables, refused)}
        self._write({f"{key}.safetensors": to_safetensors(tables, notes)})

    def load(self, key: str) -> Stored | None:
        """Tables of a block and what was refused; ``None`` where it is not stored, or damaged (which is said)."""
        path = self.folder / f"{key}.safetensors"
        if not path.is_file():
            return None
        try:
            tables, notes = read_safetensors(path)
        except (InputError, OSError):
            tables, notes = {}, {}
        if notes.get("sha256") != _digest(tables, notes.get("problems", "")):
            self._progress.warn(f"{path}: the stored block is damaged and is computed again")
            return None
        return tables, tuple(ImageProblem(**problem) for problem in json.loads(notes["problems"]))

    def _write(self, contents: dict[str, bytes]) -> None:
        try:
            write_files(self.folder, contents)
        except OutputError as error:
            what = error.what.replace("the report", "the checkpoint")
            hint = "Choose another folder, or none (--no-resume); on a full disk make room: what is done is kept."
            raise OutputError(what, where=error.where, hint=hint) from error

    def _remove_leftovers(self) -> None:
        """Remove what killed processes left half written an hour ago or earlier."""
        for path in self.folder.glob(".biasscope-*"):
            if path.is_dir() and path.stat().st_mtime < time.time() - STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)

    def _say_what_differs(self, folder: Path, plan: dict[str, Any]) -> None:
        found = [_read_plan(path) for path in folder.glob("*/plan.json")]
        others = [other for other in found if all(other.get(key) == plan.get(key) for key in SAME)]
        if others:
            differing = [[key for key in plan if plan[key] != other.get(key)] for other in others]
            keys = ", ".join(min((len(keys), keys) for keys in differing)[1])
            self._progress.warn(f"{folder}: the checkpoint is of another plan ({keys}); started anew beside it")


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return plan if isinstance(plan, dict) else {}


def _digest(tables: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name, table in sorted(tables.items()):
        digest.update(f"{name}\0{table.dtype}\0{tuple(table.shape)}\0".encode())
        digest.update(table.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
