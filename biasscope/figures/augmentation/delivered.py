"""What training transforms deliver: phases met by epochs."""

from __future__ import annotations

from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.augmentation.curves import powers_of_two
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import Look, grid_lines, key, looks, names, of, percent
from biasscope.figures.style import panel


def phases(result: Result) -> dict[str, Figure] | None:
    """Share of the phases that one image was shown in, by epochs; a panel a stride product, a line a transform."""
    found = [row for row in rows(result, "delivered") if row.get("phases") is not None]
    if not found:
        return None
    styles = looks(names(found, "transform"))
    strides = sorted({row["stride_product"] for row in found})
    drawn = {f"s = {stride}": _panel(stride, found, styles) for stride in strides}
    return drawn | {"": key(list(styles))}


def _panel(stride: int, found: list[dict[str, object]], styles: dict[str, Look]) -> Figure:
    figure, ax = panel(3.7, 2.7)
    mine = [row for row in found if row["stride_product"] == stride]
    for name, look in styles.items():
        line = [(row["epochs"], row["phases"]) for row in of(mine, name, "transform")]
        x, y = zip(*sorted(line), strict=True) if line else ((), ())
        ax.plot(x, y, color=look.colour, linestyle=look.dash, marker=look.mark, markersize=4)
    title = short(f"stride product {stride}, {stride**2} phases", 40)
    ax.set(title=title, xlabel="epochs", ylabel="phases met", ylim=(-0.02, 1.04))
    powers_of_two(ax, [int(str(row["epochs"])) for row in mine])
    percent(ax.yaxis)
    grid_lines(ax)
    return figure
