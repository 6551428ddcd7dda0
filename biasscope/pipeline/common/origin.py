"""Where a report came from: what every analysis says of its command, its files and its time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from biasscope.core import provenance
from biasscope.core.words import legible
from biasscope.pipeline.definition import Definition, command_line

if TYPE_CHECKING:
    from biasscope.pipeline.common.forms import Subject


@dataclass(frozen=True)
class Origin:
    """An analysis since its beginning, which is when this is made.

    Attributes
    ----------
    question, asked
        What is analysed.
    """

    question: str
    asked: Definition
    started: str = field(default_factory=provenance.now)
    clock: float = field(default_factory=time.perf_counter)

    def provenance(self, inputs: provenance.Inputs) -> provenance.Provenance:
        """Command, versions, machine, time until now, and the input files."""
        seconds = time.perf_counter() - self.clock
        return provenance.Provenance(
            command=list(map(legible, command_line(self.question, self.asked))),
            seed=self.asked.seed,
            versions=provenance.versions(),
            machine=provenance.machine(),
            inputs=inputs.listed,
            input_count=inputs.count,
            others=inputs.others,
            started=self.started,
            seconds=round(seconds, 3),
        )


def files(pictures: Iterable[Path], subjects: Iterable[Subject]) -> list[Path]:
    """Files of weights and of pictures, each once; of many files the first are listed, and weights are few."""
    return with_weights(pictures, (item.model.provenance.spec for item in subjects))


def with_weights(pictures: Iterable[Path], specs: Iterable[str]) -> list[Path]:
    """Files of weights that specs of models name, and of pictures, each once.

    >>> [path.as_posix() for path in with_weights([Path("a.png")], ["file:w.pt?arch=timm:resnet18", "small:plain"])]
    ['w.pt', 'a.png']
    """
    weights = [Path(spec.removeprefix("file:").partition("?")[0]) for spec in specs if spec.startswith("file:")]
    return list(dict.fromkeys([*weights, *pictures]))
