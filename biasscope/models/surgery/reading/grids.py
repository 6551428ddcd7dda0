"""Sampling grids: which subsamplings must pick the same pixels because their outputs are added or joined later."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.models.surgery.reading.record import Node, Record
from biasscope.models.surgery.reading.sites import Site, refuse


class _Grids:
    """Grids with their parents, merged where maps meet."""

    def __init__(self) -> None:
        self.up: list[int] = [0]
        self.parent: list[int | None] = [None]
        self.owner: list[Site | None] = [None]

    def new(self, parent: int, owner: Site) -> int:
        self.up.append(len(self.up))
        self.parent.append(parent)
        self.owner.append(owner)
        return len(self.up) - 1

    def find(self, grid: int) -> int:
        while self.up[grid] != grid:
            grid = self.up[grid]
        return grid

    def merge(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        parents = [None if p is None else self.find(p) for p in (self.parent[one], self.parent[other])]
        if parents[0] != parents[1] or parents[0] is None:
            site = self.owner[max(one, other)] or self.owner[min(one, other)]
            raise refuse(
                site.name if site else "",
                "its output meets a map that was subsampled from another place",
                "Nothing helps.",
            )
        self.up[other] = one


def linked(record: Record, sites: Sequence[Site]) -> list[list[Site]]:
    """Sites in groups that must share one phase: residual branches and their shortcuts.

    Raises
    ------
    UsageError
        Maps meet that were subsampled in a different number of steps.
    """
    grids = _Grids()
    by_node = {node.index: site for site in sites for node in site.nodes}
    grid_of: dict[int, int] = {record.source: 0}
    made: dict[str, list[int]] = {}
    for node in record.nodes:
        known = _maps(record, node, grid_of)
        if not known:
            continue
        site = by_node.get(node.index)
        if site is None:
            for value in known[1:]:
                grids.merge(grid_of[known[0]], grid_of[value])
            grid = grid_of[known[0]]
        else:
            grid = grids.new(grids.find(grid_of[known[0]]), site)
            made.setdefault(site.name, []).append(grid)
        grid_of.update({value: grid for value in node.outputs if _lies_on_a_grid(record, value)})
    return _groups(grids, sites, made)


def _lies_on_a_grid(record: Record, value: int) -> bool:
    """Whether a value has pixels: a map of more than one, or a rearranged one (a channel shuffle's five axes)."""
    shape = record.shapes[value]
    return len(shape) > 4 or (len(shape) == 4 and max(shape[-2:]) > 1)


def _maps(record: Record, node: Node, grid_of: dict[int, int]) -> list[int]:
    """Inputs of a step that lie on a grid; of several maps, those of the size of the largest."""
    known = [value for value in node.inputs if value in grid_of]
    maps = [value for value in known if len(record.shapes[value]) == 4]
    if not maps:
        return known[:1]
    size = max(record.shapes[value][-2:] for value in maps)
    return [value for value in maps if record.shapes[value][-2:] == size]


def _groups(grids: _Grids, sites: Sequence[Site], made: dict[str, list[int]]) -> list[list[Site]]:
    groups: dict[int, list[Site]] = {}
    for site in sites:
        for grid in made.get(site.name, []):
            group = groups.setdefault(grids.find(grid), [])
            if site not in group:
                group.append(site)
    for group in groups.values():
        for site in group:
            if len(group) > 1 and len(site.nodes) > 1:
                raise refuse(site.name, "it is used several times in one pass and meets another subsampling")
    unique: list[list[Site]] = []
    for group in groups.values():
        if group not in unique:
            unique.append(group)
    return unique
