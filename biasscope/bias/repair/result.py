"""The result of the question whether the augmentation would repair the bias."""

from __future__ import annotations

from collections.abc import Mapping

from biasscope.bias.measures import TITLES, effect_change, estimate, measures_of
from biasscope.bias.repair.measured import Counted, Side
from biasscope.bias.repair.scalars import effect_scalars, sizes_of, visibility_scalars
from biasscope.bias.repair.sentence import finding, notes
from biasscope.bias.repair.tables import before_after_table, classes_table, maps_table, scale_table
from biasscope.core.results import Cell, Result


def result(before: Side, after: Side, counted: Counted, parameters: Mapping[str, Cell], *, level: float) -> Result:
    """Assemble the Result of kind ``repair``."""
    sides = (before, after)
    measured = [measures_of(side.position, side.groups, counted.groups, side.image, level=level) for side in sides]
    rows = {name: tuple(estimate(name, part, level=level) for part in measured) for name in TITLES}
    was, became = rows["effect"]
    moved = effect_change(was, became, (measured[0].counts["effect"], measured[1].counts["effect"]))
    sizes = sizes_of(measured, sides, len(counted.visible))
    scalars = [*effect_scalars(rows, sizes, moved, level), *visibility_scalars(counted, level)]
    return Result(
        kind="repair",
        title="Does the augmentation repair the bias?",
        finding=finding(str(parameters["augmentation"]), {item.name: item for item in scalars}, counted.images),
        parameters=dict(parameters),
        scalars=scalars,
        tables=[
            before_after_table(rows),
            maps_table(measured),
            scale_table(sides),
            classes_table(sides, counted, level=level),
        ],
        notes=notes(
            unsized=counted.unsized,
            used=len(counted.label),
            available=parameters.get("boxes_available"),
            sampled=counted.sampled,
            drawn=counted.drawn,
            views=counted.notes,
        ),
        source="Touvron et al., Fixing the train-test resolution discrepancy, NeurIPS 2019; crop law of torchvision",
    )
