"""One call of `sweep` with everything opened: checks it, runs the engine, and puts the result together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import InputError
from biasscope.core.progress import Progress
from biasscope.images import ImageProblem, ImageSource, match_labels, to_output
from biasscope.models import LoadedModel, squashed
from biasscope.models.binary import NOTE, both_sides, names_of
from biasscope.models.borrow import same_draws
from biasscope.models.outputs import NAMED
from biasscope.sweep.blocks import Numbered, Preparation, ahead, block_size, blocks, in_turn, numbered, peek
from biasscope.sweep.checkpoint import Checkpoint
from biasscope.sweep.engine import Engine, Found, joined, refuse_nan, refused
from biasscope.sweep.floors import Floors
from biasscope.sweep.order import Order, evaluation_order
from biasscope.sweep.plan import plan
from biasscope.sweep.probe import probe
from biasscope.sweep.result import Sweep
from biasscope.sweep.runner import Runner
from biasscope.sweep.settings import Settings
from biasscope.sweep.tta import draw_groups
from biasscope.transforms import Transformation

Names = tuple[str, ...] | None
DRAWS = (
    "{} draws random numbers whatever it is shown: what they change counts as if the view had changed it. The floor "
    "called batch layout tells how much that is."
)


@dataclass
class Job:
    """A sweep that is about to run; the model is in evaluation mode and on its device.

    Attributes
    ----------
    loaded, source, transformation, settings
        What is run on what, and how.
    limit, label, progress, folder, strict
        As `sweep` takes them (``folder`` is its checkpoint).
    """

    loaded: LoadedModel
    source: ImageSource
    transformation: Transformation
    settings: Settings
    limit: int | None
    label: str
    progress: Progress
    folder: Path | None
    strict: bool

    def run(self) -> Sweep:
        """Sweep all pictures."""
        steps, reference = np.asarray(self.transformation.steps, np.int64), self.transformation.reference
        order = evaluation_order(steps, reference)
        if self.strict:
            self._refuse_problems()
        preparation = self._preparation()
        first, pictures = peek(self._pictures(), preparation)
        if first is None:
            raise self._nothing(preparation.problems)
        size = block_size(first, self.settings.batch)
        runner = Runner(self.loaded, self.settings, min(self.settings.batch, len(order) * min(size, self._count(size))))
        with runner.session(), same_draws() as drew:
            probed = probe(runner)
            runner.draws = drew()
        drawn = DRAWS.format(self.label) if runner.draws and _another_next_time(runner, probed) else ""
        names = names_of(self.loaded.class_names, probed.shape[1])
        mapping, note = match_labels(self.source, names, both_sides(probed).shape[1])
        preparation.target = lambda picture: to_output(mapping, picture.label)
        engine = self._engine(runner, order, probed, size)
        said = (note, *([NOTE.format(self.label)] if probed.shape[1] == 1 else []), *([drawn] if drawn else []))
        result = self._result(self._swept(engine, pictures, size, preparation), runner, steps, names, said)
        wrong = squashed.note(probed, result.predictions, result.p_top, self.label)
        return replace(result, notes=(wrong, *result.notes)) if wrong else result

    def _engine(self, runner: Runner, order: Order, probed: Tensor, size: int) -> Engine:
        checkpoint = None
        if self.folder is not None:
            agreed = plan(runner, self.transformation, probed, size, self.label)
            checkpoint = Checkpoint(self.folder, agreed, self.progress)
        groups = draw_groups(self.settings.tta, len(order), self.settings.seed)
        floors = Floors(runner, self.transformation, self.progress)
        return Engine(runner, self.transformation, order, both_sides(probed).shape[1], groups, floors, checkpoint)

    def _swept(self, engine: Engine, pictures: Iterator[Numbered], size: int, preparation: Preparation) -> Found:
        rank, world = self.settings.shard
        known = self.source.count is not None
        total = len(engine.order) * len(range(rank, self._count(0), world)) if known else None
        made = blocks(pictures, size, preparation, engine.checkpoint, self.settings.floor)
        text = f"Sweeping {self.label}, {self.transformation.name}"
        read = in_turn if engine.runner.draws else ahead  # generators belong to one thread at a time
        with self.progress.bar(text, total) as advance, closing(read(made)) as prepared:
            return engine.run(prepared, self.settings.floor, advance)

    def _preparation(self) -> Preparation:
        return Preparation(self.transformation, self.loaded.preprocessing, lambda picture: -1)

    def _pictures(self) -> Iterator[Numbered]:
        return numbered(islice(self.source, self.limit), self.settings.shard)

    def _count(self, unknown: int) -> int:
        """Most pictures of all shards together."""
        count = self.source.count
        if count is None:
            return unknown
        return count if self.limit is None else min(count, self.limit)

    def _refuse_problems(self) -> None:
        """Read everything once, before the model runs: with ``strict`` any problem is an error."""
        preparation = self._preparation()
        for number, picture in self._pictures():
            preparation.source(number, picture)
        problems = [*self.source.problems, *preparation.problems]
        if not problems:
            return
        for problem in problems:
            self.progress.warn(f"{problem.image_id}: {problem.detail} ({problem.code})")
        hint = "Leave out strict to go on without those that cannot be used."
        raise InputError(
            f"problems with pictures: {len(problems)} ({_some(problems)})", where=self.source.name, hint=hint
        )

    def _nothing(self, problems: list[ImageProblem]) -> InputError:
        problems = [*self.source.problems, *problems]
        what = "there is no picture" if not problems else f"there is no picture that can be used ({_some(problems)})"
        hint = problems[0].detail if problems else ""
        return InputError(what, where=self.source.name, hint=hint)

    def _result(
        self, found: Found, runner: Runner, steps: NDArray[np.int64], names: Names, said: tuple[str, ...]
    ) -> Sweep:
        problems = (*self.source.problems, *refused(found.blocks))
        image_ids = tuple(name for block in found.blocks for name in block.image_ids)
        tables = joined(found.tables)
        refuse_nan(tables["p_top"], image_ids, self.label)
        tta = {int(name.removeprefix("tta.")): tables.pop(name) for name in list(tables) if name.startswith("tta.")}
        return Sweep(
            **tables,
            targets=torch.cat([block.targets for block in found.blocks]),
            steps=torch.from_numpy(steps),
            reference=self.transformation.reference,
            image_ids=image_ids,
            indices=torch.tensor([number for block in found.blocks for number in block.indices], dtype=torch.int64),
            coordinates=dict(self.transformation.coordinates),
            transformation=self.transformation.name,
            parameters=dict(self.transformation.parameters),
            model=self.label,
            tta=tta,
            class_names=names,
            problems=problems,
            floors=found.floors,
            settings={**self.settings.facts(), "batch": runner.batch},
            notes=(*said, *self.source.notes),
        )


def _another_next_time(runner: Runner, probed: Tensor) -> bool:
    """Whether a network that draws answers the same pictures otherwise with other random numbers."""
    with runner.session(), same_draws(1):
        return not torch.allclose(probe(runner), probed, rtol=0.001, atol=1e-6, equal_nan=True)


def _some(problems: list[ImageProblem]) -> str:
    names = ", ".join(f"{problem.image_id}: {problem.code}" for problem in problems[:NAMED])
    return names + (", ..." if len(problems) > NAMED else "")
