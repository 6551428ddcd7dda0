"""One model over all views of all pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from biasscope.core.progress import Advance
from biasscope.core.randomness import generator
from biasscope.images.picture import ImageProblem
from biasscope.models.borrow import same_draws
from biasscope.models.outputs import not_finite
from biasscope.sweep.accumulate import BlockTables, Tables
from biasscope.sweep.blocks import Block
from biasscope.sweep.checkpoint import Checkpoint
from biasscope.sweep.floors import Floors
from biasscope.sweep.order import Order, chunks
from biasscope.sweep.result import Floor
from biasscope.sweep.runner import Runner
from biasscope.sweep.tta import Groups
from biasscope.transforms.transformation import Transformation, Views


@dataclass
class Found:
    """What has been found so far, block by block; tables stay on the device until the end."""

    tables: list[Tables] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    floors: dict[str, Floor] = field(default_factory=dict)


@dataclass
class Engine:
    """Runs blocks through the model.

    Attributes
    ----------
    runner
        The model and its buffer.
    transformation
        What makes the views.
    order
        Evaluation order of the views.
    classes
        Number of outputs.
    groups
        Views that test-time augmentation averages over.
    floors
        Measures the numerical floors.
    checkpoint
        Where finished blocks are stored.
    """

    runner: Runner
    transformation: Transformation
    order: Order
    classes: int
    groups: Groups
    floors: Floors
    checkpoint: Checkpoint | None = None

    def run(self, blocks: Iterator[Block], floor: int, advance: Advance) -> Found:
        """Sweep all blocks. Nothing waits for the device, unless a block is stored."""
        found = Found()
        with self.runner.session():
            for block in blocks:
                tables, floors = self._block(block, floor if not found.tables else 0, advance)
                if tables is not None:
                    found.tables.append(tables)
                found.floors |= floors
                found.blocks.append(_light(block))
        return found

    def _drawing(self, block: Block, purpose: str) -> AbstractContextManager[object]:
        """For a network that draws: the same numbers whenever this block is swept, in a continued sweep too.

        One that draws nothing leaves the generators to the pictures that are read meanwhile.
        """
        if not self.runner.draws:
            return nullcontext()
        return same_draws(int(generator(self.runner.settings.seed, purpose, str(block.indices[0])).integers(2**62)))

    def _block(self, block: Block, floor: int, advance: Advance) -> tuple[Tables | None, dict[str, Floor]]:
        advance(len(self.order) * (block.read - len(block.image_ids)))
        views = self._open(block)
        if views is None or block.stored is not None:
            advance(len(self.order) * len(block.image_ids))
            tables = block.stored
        else:
            with self._drawing(block, "sweep"):
                tables = self._sweep(views, block, advance)
            self._store(block, tables)
        if tables is None or views is None or not floor:
            return tables, {}
        with self._drawing(block, "floors"):
            return tables, self.floors.measure(views, block, tables, min(floor, len(block.image_ids)))

    def _open(self, block: Block) -> Views | None:
        if block.sources is None:
            return None
        device = self.runner.settings.device
        sources = block.sources.pin_memory() if device.type == "cuda" else block.sources
        return self.transformation.open(sources.to(device, non_blocking=True), block.indices)

    def _sweep(self, views: Views, block: Block, advance: Advance) -> Tables:
        targets = block.targets.to(self.runner.settings.device)
        tables = BlockTables(self.order, targets, self.classes, self.groups)
        for chunk in chunks(self.order.views, len(targets), self.runner.batch):
            logits = self.runner(views, chunk.views, chunk.pictures)
            tables.add(logits[: chunk.used], chunk.start)
            advance(chunk.used)
        return tables.finish()

    def _store(self, block: Block, tables: Tables) -> None:
        if self.checkpoint is None:
            return
        for name, table in tables.items():
            tables[name] = table.cpu()
        refuse_nan(tables["p_top"], block.image_ids, self.runner.loaded.provenance.spec)
        self.checkpoint.save(block.key, tables, block.problems)


def _light(block: Block) -> Block:
    """What is remembered of a block: no pictures."""
    return Block(block.indices, block.image_ids, block.targets, block.read, problems=block.problems)


def joined(tables: list[Tables]) -> Tables:
    """Join blocks along their pictures, on the CPU, as plain tensors."""
    return {name: torch.cat([block[name] for block in tables], -1).cpu().clone() for name in tables[0]}


def refuse_nan(p_top: Tensor, image_ids: tuple[str, ...], model: str) -> None:
    """Refuse outputs that are not numbers.

    Raises
    ------
    InputError
        Some are; it names the model and the pictures.
    """
    bad = p_top.isnan().any(0).nonzero()[:, 0].tolist()
    if bad:
        raise not_finite([image_ids[place] for place in bad], model)


def refused(blocks: list[Block]) -> list[ImageProblem]:
    """Pictures that the transformation refused."""
    return [problem for block in blocks for problem in block.problems]
