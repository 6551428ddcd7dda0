"""The samplings of one polyphase operation: which choose their phase, and which follow."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from biasscope.models.surgery.layers.linked import LinkedSampling2d
from biasscope.models.surgery.layers.links import Link
from biasscope.models.surgery.reading.placement import Placement
from biasscope.models.surgery.reading.record import Record
from biasscope.models.surgery.reading.sites import Site, refuse, size_at_stride_one
from biasscope.nn import PolyphaseSampling2d
from biasscope.nn.polyphase import UnevenMode


class _Part(NamedTuple):
    """What a site does in its group, whose first site is ``of``."""

    link: Link
    leader: bool
    last: bool
    of: str


class Samplers:
    """Makes the samplings of one operation; those of a group share a link."""

    def __init__(
        self, p: float, uneven: UnevenMode, record: Record, places: dict[str, Placement], groups: list[list[Site]]
    ) -> None:
        self.p, self.uneven, self.record, self.places = p, uneven, record, places
        self.links: dict[str, _Part] = {}
        for group in groups:
            if len(group) > 1:
                self._link(sorted(group, key=self.runs_at))

    def runs_at(self, site: Site) -> int:
        """When the sampling of a site runs."""
        return self.places[site.name].index if site.name in self.places else site.nodes[0].index

    def _link(self, group: list[Site]) -> None:
        link = Link()
        for number, site in enumerate(group):
            if site.stride != group[0].stride:
                raise refuse(site.name, f"it meets {group[0].name}, whose stride differs", "Nothing helps.")
            if site.name in self.places and len(self.places[site.name].names) > 1:
                raise refuse(site.name, "its activation is read by several layers and meets another map")
            self._check_size(site, group[0])
            self.links[site.name] = _Part(link, number == 0, number == len(group) - 1, group[0].name)

    def _check_size(self, site: Site, leader: Site) -> None:
        """Refuse to follow a start among all rows or columns of a map that is of another size at stride 1."""
        own, other = size_at_stride_one(self.record, site), size_at_stride_one(self.record, leader)
        sides = zip(own, other, leader.stride, strict=True)
        if self.uneven == "wrap" and any(a != b and b % stride for a, b, stride in sides):
            what = f"its map has {own[0]} x {own[1]} pixels at stride 1 and meets that of {leader.name}, which has "
            raise refuse(site.name, f"{what}{other[0]} x {other[1]}", "Use circular=True or uneven='pad'.")

    def make(self, site: Site) -> nn.Module:
        """Sampling of a site."""
        if site.name not in self.links:
            return PolyphaseSampling2d(site.stride, self.p, self.uneven)
        part = self.links[site.name]
        return LinkedSampling2d(site.stride, self.p, self.uneven, part.link, part.leader, part.last)

    def text(self, site: Site) -> str:
        """Sampling of a site for the table."""
        part = self.links.get(site.name)
        follows = f" at the phase of {part.of}" if part and not part.leader else ""
        return f"PolyphaseSampling2d({site.stride}){follows}"
