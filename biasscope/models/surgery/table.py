"""What surgery did to a model, as a table that travels with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from torch import nn

_ATTRIBUTE = "_biasscope_surgery"


@dataclass(frozen=True)
class Replacement:
    """One row: what was changed, where, and what it is now.

    Attributes
    ----------
    surgery
        ``antialias``, ``polyphase``, ``pac``, ``circular`` or ``same_padding``.
    name
        Name of the module that was subsampling (or padding, or convolving) before.
    kind
        ``max pool``, ``average pool``, ``convolution``, ``depthwise convolution``, ``shortcut``, ``slicing shortcut``;
        ``forward`` where a module's forward was written again, with modules in the place of its functions.
    stride
        (vertical, horizontal) subsampling factor of this place.
    before, after
        The module as it was and what does its work now.

    Examples
    --------
    >>> from torch import nn
    >>> from biasscope.models import antialias, surgery_table
    >>> net = antialias(nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2)))
    >>> row = surgery_table(net).replacements[0]
    >>> row.name, row.kind, row.stride
    ('2', 'max pool', (2, 2))
    """

    surgery: str
    name: str
    kind: str
    stride: tuple[int, int]
    before: str
    after: str


@dataclass(frozen=True)
class Kept:
    """A place that was left as it is, and why: it subsamples, or enlarges in a way that does not wrap around.

    Attributes
    ----------
    surgery, name, kind
        As in `Replacement`.
    reason
        In words.

    Examples
    --------
    >>> from torch import nn
    >>> from biasscope.models import antialias, surgery_table
    >>> net = antialias(nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2)))
    >>> surgery_table(net).kept[0].reason
    'reads the picture, and stem=False'
    """

    surgery: str
    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class SurgeryTable:
    """Rows of everything that was replaced, and of what was knowingly left. ``print`` shows it.

    Attributes
    ----------
    replacements
        What was replaced, in the order in which it runs.
    kept
        What was left, and why.

    Examples
    --------
    >>> from torch import nn
    >>> from biasscope.models import antialias, surgery_table
    >>> net = antialias(nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(2)))
    >>> table = surgery_table(net)
    >>> table.names, len(table.kept)
    (['2'], 1)
    """

    replacements: tuple[Replacement, ...] = ()
    kept: tuple[Kept, ...] = ()

    def __len__(self) -> int:
        return len(self.replacements)

    def __iter__(self) -> Iterator[Replacement]:
        return iter(self.replacements)

    def __add__(self, other: SurgeryTable) -> SurgeryTable:
        return SurgeryTable(self.replacements + other.replacements, self.kept + other.kept)

    @property
    def names(self) -> list[str]:
        """Names of the replaced modules, in the order in which they run."""
        return [row.name for row in self.replacements]

    def rows(self) -> list[dict[str, object]]:
        """Replacements as plain dictionaries, for a data frame."""
        return [asdict(row) for row in self.replacements]

    def __str__(self) -> str:
        head = ("surgery", "name", "kind", "stride", "before", "after")
        body = [(r.surgery, r.name, r.kind, "x".join(map(str, r.stride)), r.before, r.after) for r in self.replacements]
        lines = _aligned([head, *body]) if body else ["nothing was replaced"]
        lines += [f"kept: {row.name or 'the model itself'} ({row.kind}): {row.reason}" for row in self.kept]
        return "\n".join(lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def surgery_table(model: nn.Module) -> SurgeryTable:
    """Everything that `antialias`, `polyphase`, `pac`, `circular` and `same_padding` did to a model, in order.

    Parameters
    ----------
    model
        Any module.

    Returns
    -------
        Rows in the order of the operations; none for a model that nothing was done to.

    Examples
    --------
    >>> from torch import nn
    >>> print(surgery_table(nn.Linear(2, 2)))
    nothing was replaced
    """
    table: SurgeryTable = getattr(model, _ATTRIBUTE, SurgeryTable())
    return table


def add_to_table(model: nn.Module, replaced: Iterable[Replacement], kept: Iterable[Kept] = ()) -> None:
    """Append rows to a model's table."""
    setattr(model, _ATTRIBUTE, surgery_table(model) + SurgeryTable(tuple(replaced), tuple(kept)))
