"""Tables of the subsampling argument: what it says of every network, and which phases random copies cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from biasscope.copies.coverage import expected_coverage, grid_coverage
from biasscope.copies.pool import Pool, make_pool
from biasscope.core.results import Table
from biasscope.pipeline.augmentation.study import Study
from biasscope.pipeline.augmentation.tables import Row, of_rows


def coverage(studies: Sequence[Study]) -> Table:
    """Share of the s^2 phases that n copies are expected to cover, for every stride product."""
    strides: dict[int, tuple[str, set[int], Pool]] = {}
    for study in studies:
        if "shift" not in study.sweep.axes:
            continue
        stride = study.sweep.subsampling[study.main[0].variant].stride_product
        place = study.sweep.axes.index("shift")
        copies = {run.copies[place] for run in study.sweep.runs}
        strides.setdefault(stride, (study.model, copies, _trained(study)))
    found = [row for stride, facts in strides.items() for row in _covered(stride, *facts)]
    return of_rows("coverage", found, "Phases that random copies cover", "point")


def _trained(study: Study) -> Pool:
    """Shifts that copies are drawn from."""
    return make_pool("shift", shifts=str(study.sweep.parameters["shifts"]))


def _covered(stride: int, model: str, copies: set[int], trained: Pool) -> Iterator[Row]:
    powers = {2**k for k in range((4 * stride**2).bit_length())}
    for n in sorted(copies | {stride**2} | {power for power in powers if power <= max(*copies, stride**2)}):
        common = {"model": model, "stride_product": stride, "s2": stride**2, "n": n}
        share = expected_coverage(n, stride**2)
        yield {**common, "law": "drawn independently, all phases alike", "expected_share": share}
        if n <= len(trained):
            share = grid_coverage(n, trained.dy, trained.dx, stride)
            yield {**common, "law": f"distinct shifts of {_named(trained)}", "expected_share": share}


def _named(trained: Pool) -> str:
    """Shifts in words: the sides of a grid of neighbouring ones, else their number."""
    height, width = (int(np.ptp(moved)) + 1 for moved in (trained.dy, trained.dx))
    return f"{height} x {width}" if height * width == len(trained) else f"the {len(trained)} that are trained"


def argument(studies: Sequence[Study]) -> Table:
    """What the subsampling argument says of every network."""
    found = [
        {
            "variant": study.label(name),
            "stride_product": item.stride_product,
            "size_ratio": item.size_ratio,
            "s2": item.copies,
            "size_ratio2": item.size_ratio**2,
        }
        for study in studies
        for name, item in study.sweep.subsampling.items()
    ]
    return of_rows("argument", found, "What the subsampling argument says", "network")
