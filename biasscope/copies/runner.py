"""Train and evaluate the networks of a plan, group by group."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor, nn

from biasscope.copies.checkpoint import Checkpoint
from biasscope.copies.evaluate import answers
from biasscope.copies.networks import Factory, build
from biasscope.copies.plan import Plan
from biasscope.copies.pool import choose
from biasscope.copies.processor import one_thread, wait
from biasscope.copies.run import Run
from biasscope.copies.train import Batches, CannotVectoriseError, Training, choose_engine, make_engine, train
from biasscope.copies.versions import versions_asked
from biasscope.copies.views import Views
from biasscope.core.randomness import mix


class Trained(NamedTuple):
    """Answers (P, N), losses (steps,), seconds and engine of one network."""

    predictions: Tensor
    losses: Tensor
    seconds: float
    engine: str


@dataclass(eq=False)
class Runner:
    """Everything that training a run needs.

    Attributes
    ----------
    factories
        How networks of a variant are built.
    train_views, labels
        Training images and classes on the device; runs with fewer images take the first ones.
    test_views
        Held-out images on the device.
    training
        Settings.
    engine
        ``auto``, ``sequential`` or ``vectorised``.
    together
        Most networks at once.
    seed
        Of the whole sweep.
    checkpoint
        Where networks are kept.
    every
        Seconds between two states on disk.
    """

    factories: Mapping[str, Factory]
    train_views: Views
    labels: Tensor
    test_views: Views
    training: Training
    engine: str
    together: int
    seed: int
    checkpoint: Checkpoint
    every: float = 30.0

    def __post_init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def all(self, plan: Plan, advance: Callable[[int], None]) -> list[Trained]:
        """Train and evaluate all runs; gives them in the order of the plan."""
        found: dict[Run, Trained] = {}
        with one_thread(self.labels.device):
            for group in self.groups(plan):
                stored = [self._stored(run) for run in group]
                done = [item for item in stored if item is not None]
                trained = done if len(done) == len(group) else self._train(group, plan)
                found |= dict(zip(group, trained, strict=True))
                advance(len(group))
        self.checkpoint.clear_states()
        return [found[run] for run in plan.runs]

    def groups(self, plan: Plan) -> list[list[Run]]:
        """Runs that are trained together: of one variant and one number of steps."""
        groups = []
        for _, alike in groupby(plan.runs, key=lambda run: (run.variant, plan.steps_of(run))):
            runs = list(alike)
            size = self.together if self.engine_of(runs[: self.together], plan) == "vectorised" else 1
            groups += [runs[start : start + size] for start in range(0, len(runs), size)]
        return groups

    def questions(self, plan: Plan) -> tuple[Views, Tensor]:
        """Held-out images and versions that networks are asked about."""
        views = replace(self.test_views, images=self.test_views.images[: plan.test_images])
        return views, versions_asked(self.train_views.pool, views.pool, plan.asked, seed=self.seed)

    def engine_of(self, group: Sequence[Run], plan: Plan) -> str:
        """Engine by which networks of one variant are trained."""
        variant = group[0].variant
        if variant not in self._names:
            x, y = self._sample(group, plan)
            name, why = choose_engine(self.engine, self.networks(group), self.training, x, y)
            self._names[variant], self.reasons[variant] = name, f"{name}: {why}"
        return self._names[variant]

    def _sample(self, group: Sequence[Run], plan: Plan) -> tuple[Tensor, Tensor]:
        device = self.labels.device
        images = torch.arange(plan.batch, device=device) % len(self.labels)
        x = self.train_views(images, torch.full_like(images, self.train_views.pool.reference))
        return x.expand(len(group), *x.shape), self.labels[images].expand(len(group), -1)

    def networks(self, group: Sequence[Run]) -> list[nn.Module]:
        """Untrained networks, on the device."""
        made = [build(self.factories[run.variant], self._seed(run), "weights") for run in group]
        return [network.to(self.labels.device) for network in made]

    def _seed(self, run: Run) -> int:
        """Seed of a repetition: weights, copies and batches are paired between variants and numbers of copies."""
        return int(mix(self.seed, run.seed)[0] >> 33)

    def batches(self, group: Sequence[Run], plan: Plan) -> list[Batches]:
        """Give the batches that each network is trained on."""
        pool = self.train_views.pool
        chosen = [choose(pool, run.copies, run.train_images, seed=self._seed(run)) for run in group]
        return [Batches(part, self._seed(run), plan.batch) for part, run in zip(chosen, group, strict=True)]

    def _train(self, group: Sequence[Run], plan: Plan) -> list[Trained]:
        names, steps = [run.name for run in group], plan.steps_of(group[0])
        kind = self.engine_of(group, plan)
        start = time.perf_counter()
        try:
            networks, losses = self._descend(kind, group, plan, steps)
        except CannotVectoriseError as error:
            kind, why = "sequential", str(error).splitlines()[0]
            self._names[group[0].variant], self.reasons[group[0].variant] = kind, f"{kind}: {why}"
            networks, losses = self._descend(kind, group, plan, steps)
        wait(self.labels.device)
        seconds = (time.perf_counter() - start) / len(group)
        views, versions = self.questions(plan)
        trained = [
            Trained(answers(network, views, self.training, versions=versions), loss, seconds, kind)
            for network, loss in zip(networks, losses, strict=True)
        ]
        kept = {n: {"predictions": t.predictions, "losses": t.losses} for n, t in zip(names, trained, strict=True)}
        self.checkpoint.save(kept, {"seconds": repr(seconds), "engine": kind}, [f"{kind} {name}" for name in names])
        return trained

    def _descend(self, kind: str, group: Sequence[Run], plan: Plan, steps: int) -> tuple[list[nn.Module], Tensor]:
        names = [f"{kind} {run.name}" for run in group]
        engine = make_engine(kind, self.networks(group), self.training)
        losses = train(
            engine,
            self.batches(group, plan),
            self.train_views,
            self.labels,
            steps,
            self.training,
            stored=self.checkpoint.load_state(names),
            keep=(lambda state: self.checkpoint.save_state(names, state)) if self.checkpoint.on else None,
            every=self.every,
        )
        return engine.networks(), losses

    def _stored(self, run: Run) -> Trained | None:
        found = self.checkpoint.load(run.name)
        if found is None:
            return None
        tensors, notes = found
        return Trained(tensors["predictions"], tensors["losses"], float(notes["seconds"]), notes["engine"])
