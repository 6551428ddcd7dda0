"""Models side by side: a row a measure, a column a model, and who leads, as far as that can be told."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names, of
from biasscope.report import wording
from biasscope.report.grid import BY_MEASURE, Field, Grid, Shown
from biasscope.report.sections.generic import some

Row = dict[str, Any]

CAPTION = "Measures, with 95 % intervals"
NUMERICAL = "batch layout"
"""Floor of the arithmetic that was used: leads below it are none. The others belong to other runs."""
_LEAD = (
    "The model with the better value. Overlapping intervals: the data do not tell them apart by these intervals alone. "
    "Below the floor: the same pictures in another batch layout make as large a difference."
)
_FLOORS = (
    "Share of answers that change, and below it how far the probability moves: with the same pictures in another batch "
    "layout (a difference below this one is no difference), in bf16, and by interpolating there and back (what a "
    "transformation that interpolates changes by that alone)"
)


def floors(result: Result) -> Grid | None:
    """What changes when nothing should: a row a floor, a column a model."""
    found = [row for row in rows(result, "floors") if row.get("floor")]
    if all(row.get("changed") is None and row.get("mean_absolute_change") is None for row in found):
        return None
    models = names(found)
    columns = [Field("floor", "Floor", "label", _FLOORS)]
    columns += [Field(f"model{place}", short(name), BY_MEASURE) for place, name in enumerate(models)]
    lines = [
        [
            Shown(name, below=_detail(of(found, name, "floor"))),
            *(_floor_cell(of(of(found, name, "floor"), model)) for model in models),
        ]
        for name in names(found, "floor")
    ]
    return Grid("floors", "Floors: what changes although nothing should", columns, lines, "floor")


def _detail(found: list[Row]) -> str:
    """What a floor is in more words, where it is the same for all models."""
    told = {str(row.get("detail") or "") for row in found}
    return told.pop() if len(told) == 1 else ""


def _floor_cell(found: list[Row]) -> Shown:
    row = found[0] if found else {}
    changed, far = row.get("changed"), row.get("mean_absolute_change")
    below = "" if far is None else f"mean {wording.real(far)}"
    return Shown(wording.share(changed), f"{changed:.6g}" if changed is not None else "", below)


_DIFFERENCES = [
    Field("model", "Variant", "label"),
    Field("title", "Measure", "text"),
    Field("difference", "Less its baseline", "points", "Mean over pictures of the variant less the baseline, paired"),
    Field("verdict", "Verdict", "verdict", "From the paired interval and the floor: sharper than two intervals apart"),
]


def differences(result: Result) -> Grid | None:
    """Variants against their baselines on the same pictures."""
    return some(result, "differences", _DIFFERENCES, "Variants less their baselines, picture by picture", "difference")


def measures(result: Result, caption: str = CAPTION) -> Grid | None:
    """Table ``metrics`` turned: models as columns; with two or more of them a last column says who leads."""
    found = rows(result, "metrics")
    if not found:
        return None
    models = names(found)
    columns = [Field("metric", "Measure", "label")]
    columns += [Field(f"model{place}", short(name), BY_MEASURE) for place, name in enumerate(models)]
    columns += [Field("lead", "Better", "text", _LEAD)] if len(models) > 1 else []
    lines = [_line(of(found, name, "metric"), models, rows(result, "floors")) for name in names(found, "metric")]
    return Grid("metrics", caption, columns, [line[: len(columns)] for line in lines], "measure")


def _line(found: list[Row], models: list[str], floor: list[Row]) -> list[Shown]:
    by_model = {names([row])[0]: row for row in found}
    first, order = found[0], ranked(found)
    how = [str(first[key]).replace("_", " ") for key in ("shift", "reference", "aggregate") if first.get(key)]
    rank, said = lead(found, floor)
    best = order[0] if rank else None
    cells = [number(row, rank if row is not None and row is best else "") for row in map(by_model.get, models)]
    return [Shown(_title(first), below=" \N{MULTIPLICATION SIGN} ".join(how)), *cells, Shown(said)]


def _title(row: Row) -> str:
    """Title of a measure with its unit, unless the title says it or the number shows it."""
    title, unit = str(row.get("title") or str(row.get("metric") or "").replace("_", " ")), str(row.get("unit") or "")
    title = title[:1].upper() + title[1:]
    told = not unit or unit in wording.SHARES or unit.lower() in title.lower()
    return title if told else f"{title} ({unit})"


def number(row: Row | None, rank: str = "") -> Shown:
    """Value with its interval below."""
    if row is None or row.get("value") is None:
        return Shown(wording.DASH)
    show = wording.STYLES[style(row)]
    below = wording.span(show, row.get("low"), row.get("high"))
    return Shown(show(row["value"]), f"{row['value']:.6g}", below, rank=rank)


def style(row: Row) -> str:
    """Way to show a measure: by its name, and by its unit where it has one.

    >>> style({"metric": "consistency", "value": 0.9}), style({"metric": "jaggedness", "value": 4.2})
    ('share', 'real')
    """
    return wording.style(str(row.get("metric") or ""), str(row.get("unit") or ""))


def ranked(found: list[Row]) -> list[Row]:
    """Rows with a value, the best first; none when it is not said which way is better."""
    known = [row for row in found if row.get("value") is not None]
    better = next((row["better"] for row in known if row.get("better")), None)
    return sorted(known, key=lambda row: row["value"], reverse=better == "higher") if better else []


def lead(found: list[Row], floor: list[Row]) -> tuple[str, str]:
    """Rank of the best model ("leads", "ahead" or none) and who that is, as far as intervals and floors can tell."""
    order = ranked(found)
    if len(order) < 2:
        return "", ""
    best, second = order[:2]
    if best["value"] == second["value"]:
        return "", f"{sum(row['value'] == best['value'] for row in order)} are level"
    below = _floor(best, second, floor)
    if below is not None and abs(best["value"] - second["value"]) < below:
        return "", f"no difference: the lead is below the floor ({wording.STYLES[style(best)](below)})"
    return _apart(best, order[1:])


def _apart(best: Row, rest: list[Row]) -> tuple[str, str]:
    name = short(names([best])[0])
    touching = [row for row in rest if overlap(best, row)]
    if touching:
        others = short(names(touching)[0]) if len(touching) == 1 else f"{len(touching)} others"
        return "ahead", f"{name}, but its interval overlaps {others}"
    bare = any(row.get(end) is None for row in (best, *rest) for end in ("low", "high"))
    return ("ahead", f"{name}, not every interval is known") if bare else ("leads", f"{name}, intervals apart")


def overlap(one: Row, other: Row) -> bool:
    """Whether two intervals have a point in common; false when one is unknown."""
    ends: list[Any] = [row.get(key) for row in (one, other) for key in ("low", "high")]
    return None not in ends and max(ends[0], ends[2]) <= min(ends[1], ends[3])


def _floor(one: Row, other: Row, floor: list[Row]) -> float | None:
    """Largest floor of two models in the unit of the measure; ``None`` for measures that no floor is about."""
    name = str(one.get("metric") or "")
    key = "mean_absolute_change" if "absolute" in name or name == "mac" else "changed"
    if key == "changed" and style(one) != "share":
        return None
    pair = {names([one])[0], names([other])[0]}
    among = [row for row in floor if row.get("floor") == NUMERICAL and names([row])[0] in pair]
    known = [row[key] for row in among if row.get(key) is not None]
    return max(known, default=None)
