"""What a comparison says in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from biasscope.report.comparison import showing
from biasscope.report.comparison.model import BEYOND, Change, Family, Part, Status
from biasscope.report.model import Report

DOUBT = "The two reports are not comparable, so a difference need not be a change of what was measured"
METHOD = [
    "Every difference is the second report minus the first. Its interval takes the two numbers as independent: on each "
    "side the distances from the values to the ends of their intervals are squared, added and rooted (square-and-add; "
    "Zou and Donner, Statistics in Medicine 27, 2008). Numbers from the same pictures, boxes or weights usually move "
    "together; the interval is then wider than it need be, and a small change can be missed.",
    "A scalar changed when the 95 % interval of its difference leaves out zero. In tables, p-values are corrected over "
    "all rows of a column (Benjamini and Hochberg), and a number changed when its q is at most 0.05: of those called "
    "changed, about one in twenty is expected to be chance.",
    "Better and worse follow the direction that the number itself declares. Numbers without an interval (counts, "
    "p-values, sizes of layers) are set side by side, not judged; so are those with an interval of no width, which all "
    "samples alike or an estimate cut off at zero can leave, and which says nothing about chance.",
]
"""How differences are judged."""
NAMED = 3
"""Numbers that are named in one sentence."""


def question(a: Report, b: Report, names: tuple[str, str]) -> str:
    """Question that a comparison answers."""
    asked = f" {b.question}" if a.kind == b.kind else ""
    return f"What changed from {names[0]} to {names[1]} beyond its interval?{asked}"


def answer(
    parts: Sequence[Part],
    headline: Sequence[Change],
    counts: Mapping[Status, int],
    names: tuple[str, str],
    alone: tuple[Sequence[str], Sequence[str]],
) -> list[str]:
    """Sentences of the first screen, the most important first."""
    return [
        _overall(counts),
        *_heads(headline, counts, names),
        *_tables(parts),
        *_unjudged(counts),
        *_alone(parts, alone, names),
    ]


def finding(
    scalars: Sequence[Change], families: Sequence[Family], alone: tuple[int, int], names: tuple[str, str]
) -> str:
    """One sentence on a result."""
    beyond = [item for item in scalars if item.status in BEYOND]
    rows = sum(family.counts.get(status, 0) for family in families for status in BEYOND)
    said = [f"{item.title}{_way(item)}" for item in beyond[:NAMED]]
    said += [f"{len(beyond) - NAMED:,} more"] if len(beyond) > NAMED else []
    said += [f"{rows:,} {_plural(rows, 'number')} in tables"] if rows else []
    if said:
        return f"Changed beyond the interval: {_and(said)}."
    judged = [item for item in scalars if item.status != "same"]
    moved = any(family.counts.keys() - {"same"} for family in families)
    if judged or moved:
        return "Nothing changed beyond its interval."
    only = [f"{count:,} only in {name}" for count, name in zip(alone, names, strict=True) if count]
    return f"What both reports have is the same{'; ' + _and(only) if only else ''}."


def _overall(counts: Mapping[Status, int]) -> str:
    if not counts:
        return "The two reports have no number in common."
    beyond = sum(counts.get(status, 0) for status in BEYOND)
    ways = _and([f"{counts[status]:,} {status}" for status in ("worse", "better") if counts.get(status)])
    first = (
        f"{beyond:,} {_plural(beyond, 'number')} changed beyond {_plural(beyond, 'its interval', 'their intervals')}"
    )
    first += f" ({ways})" if ways else ""
    return f"{'; '.join([first if beyond else 'Nothing changed beyond its interval', *_calm(counts)])}."


def _calm(counts: Mapping[Status, int]) -> list[str]:
    unclear, same = counts.get("unclear", 0), counts.get("same", 0)
    said = [f"{unclear:,} {_plural(unclear, 'differs', 'differ')} no more than by chance"] if unclear else []
    return said + ([f"{same:,} {_plural(same, 'is', 'are')} the same"] if same else [])


def _heads(headline: Sequence[Change], counts: Mapping[Status, int], names: tuple[str, str]) -> Iterator[str]:
    beyond = [item for item in headline if item.status in BEYOND]
    for item in beyond[:NAMED]:
        way = "rose" if (item.difference or 0) > 0 else "fell"
        yield (
            f"{item.title} {way} from {showing.value(item, item.a)} to {showing.value(item, item.b)} "
            f"({showing.change(item)}, interval {showing.reach(item)}){_verdict(item)}."
        )
    if headline and not beyond and any(counts.get(status) for status in BEYOND):
        yield f"No head number of {names[1]} changed beyond its interval."


def _verdict(item: Change) -> str:
    return "" if item.status == "changed" else f": {item.status}"


def _way(item: Change) -> str:
    return "" if item.status == "changed" else f" ({item.status})"


def _tables(parts: Sequence[Part]) -> Iterator[str]:
    """The families with most changes, and the number that surprises most in each."""
    found = [(_beyond(family), part, family) for part in parts for family in part.families if family.changes]
    found = sorted((one for one in found if one[0]), key=lambda one: -one[0])
    for count, part, family in found[:NAMED]:
        first, total = family.changes[0], sum(family.counts.values())
        yield (
            f"{_short(part.result)}, {family.title}: {count:,} of {total:,} {rows(family.row)} changed, "
            f"most surely {first.row}, from {showing.value(first, first.a)} to {showing.value(first, first.b)}."
        )


def _short(result: str) -> str:
    return result.replace("_", " ").capitalize()


def _beyond(family: Family) -> int:
    return sum(family.counts.get(status, 0) for status in BEYOND)


def rows(noun: str) -> str:
    """Plural of what a row stands for.

    >>> rows("class"), rows("layer"), rows("one sort of problem")
    ('classes', 'layers', 'rows')
    """
    if " " in noun or not noun:
        return "rows"
    return f"{noun}es" if noun.endswith("s") else "frequencies" if noun == "frequency" else f"{noun}s"


def _unjudged(counts: Mapping[Status, int]) -> Iterator[str]:
    count, undefined = counts.get("unjudged", 0), counts.get("undefined", 0)
    if count:
        yield f"{count:,} {_plural(count, 'number')} without an interval {_plural(count, 'differs', 'differ')}."
    if undefined:
        yield f"{undefined:,} {_plural(undefined, 'number is', 'numbers are')} defined in one report only."


def _alone(parts: Sequence[Part], alone: tuple[Sequence[str], Sequence[str]], names: tuple[str, str]) -> Iterator[str]:
    counts = sum(len(part.only_a) for part in parts), sum(len(part.only_b) for part in parts)
    for name, kinds, count in zip(names, alone, counts, strict=True):
        said = (
            [f"the {_plural(len(kinds), 'result', 'results')} {_and([kind.replace('_', ' ') for kind in kinds])}"]
            if kinds
            else []
        )
        said += [f"{count:,} {_plural(count, 'number or row', 'numbers or rows')}"] if count else []
        if said:
            yield f"Only {name} has {_and(said)}."


def _plural(count: int, one: str, several: str = "") -> str:
    return one if count == 1 else several or f"{one}s"


def _and(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else ""
