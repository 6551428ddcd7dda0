"""Finished networks and the state of the running ones, on disk: a sweep that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from biasscope.copies.plan import Plan
from biasscope.copies.run import Run
from biasscope.core.errors import InputError, OutputError
from biasscope.core.files import write_files
from biasscope.core.progress import Progress
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors


class Checkpoint:
    """Files of one sweep in a folder of its own below ``folder``; each is complete before it gets its name.

    Parameters
    ----------
    folder
        Where checkpoints are kept; ``None`` keeps nothing.
    facts
        Everything that decides the result. Other facts have another folder, so nothing else is taken for it.
    progress
        Where it is said that a file is damaged, or that the disk is full.

    Raises
    ------
    OutputError
        Nothing can be written there.
    """

    def __init__(self, folder: Path | None, facts: Mapping[str, Any], progress: Progress) -> None:
        text = json.dumps(facts, sort_keys=True, default=str)
        self._key = hashlib.sha256(text.encode()).hexdigest()
        self._folder = None if folder is None else folder / self._key[:16]
        self._progress = progress
        if self._folder is not None:
            try:
                write_files(self._folder, {"facts.json": text.encode()})
            except OutputError as error:
                hint = "Choose another folder, or none (--no-resume)."
                raise OutputError(_kept(error), where=error.where, hint=hint) from error

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def plan(self, thinned: Callable[[], Plan]) -> Plan:
        """Give the plan that was begun with: a time budget thins it by measured speed, which must not change midway."""
        if self._folder is None:
            return thinned()
        path = self._folder / "plan.json"
        if path.is_file():
            stored = json.loads(path.read_text())
            runs = tuple(Run(**{**run, "copies": tuple(run["copies"])}) for run in stored.pop("runs"))
            return Plan(runs, **{**stored, **{name: tuple(stored[name]) for name in ("notes", "asked")}})
        plan = thinned()
        self._write({path.name: json.dumps(asdict(plan)).encode()})
        return plan

    def save(self, results: Mapping[str, Mapping[str, Tensor]], notes: Mapping[str, str], names: Sequence[str]) -> None:
        """Store finished networks by name, and take the state of their training away (``names`` as in `save_state`)."""
        if self._folder is None:
            return
        for name, tensors in results.items():
            self._write({f"{name}.safetensors": self._bytes(tensors, notes)})
        if self._folder is not None:
            self._state_path(names).unlink(missing_ok=True)

    def load(self, name: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        """Give what was stored of a network, if it is there and whole."""
        return None if self._folder is None else self._read(self._folder / f"{name}.safetensors")

    def save_state(self, names: Sequence[str], state: Mapping[str, Tensor]) -> None:
        """Store the state of networks that are being trained together."""
        if self._folder is not None:
            self._write({self._state_path(names).name: self._bytes(state, {})})

    def load_state(self, names: Sequence[str]) -> dict[str, Tensor] | None:
        """Give the state of networks that were being trained together, if it is there and whole."""
        found = None if self._folder is None else self._read(self._state_path(names))
        return None if found is None else found[0]

    def clear_states(self) -> None:
        """Take states away that a run left behind which was killed between its network and the end of its state."""
        for path in self._folder.glob("state-*.safetensors") if self._folder is not None else ():
            path.unlink(missing_ok=True)

    def _write(self, contents: Mapping[str, bytes]) -> None:
        """Write files; a disk that fills up while networks are trained ends the keeping, not the training."""
        if self._folder is None:
            return
        try:
            write_files(self._folder, contents)
        except OutputError as error:
            self._progress.warn(f"{self._folder}: {_kept(error)}; the run goes on, but cannot be continued")
            self._folder = None

    def _state_path(self, names: Sequence[str]) -> Path:
        assert self._folder is not None  # noqa: S101
        return self._folder / f"state-{hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:16]}.safetensors"

    def _bytes(self, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> bytes:
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        return to_safetensors(plain, {**notes, "of": self._key})

    def _read(self, path: Path) -> tuple[dict[str, Tensor], dict[str, str]] | None:
        if not path.is_file():
            return None
        try:
            tensors, notes = read_safetensors(path)
        except (InputError, OSError):
            notes = {}
        if notes.get("of") != self._key:
            self._progress.warn(f"{path}: the stored network is damaged and is trained again")
            return None
        return tensors, notes


def _kept(error: OutputError) -> str:
    return error.what.replace("cannot write the report", "networks cannot be kept")
