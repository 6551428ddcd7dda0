"""What all results over the layers of a network have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import polars as pl


class NamedLayer(Protocol):
    """One layer of a result."""

    @property
    def name(self) -> str:
        """Name of the module."""

    def columns(self) -> dict[str, Any]:
        """Facts as plain values."""


L = TypeVar("L", bound=NamedLayer)


class Layered(Generic[L]):
    """Layers in order of execution, by place or by name, and as a tidy frame."""

    layers: tuple[L, ...]
    model: str

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> L:
        """Layer by name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    def frame(self) -> pl.DataFrame:
        """Tidy frame: one row a layer (of a trace: a layer and measure)."""
        import polars as pl

        return pl.DataFrame(self._rows(), infer_schema_length=None)

    def _rows(self) -> list[dict[str, Any]]:
        return [{"model": self.model, **layer.columns()} for layer in self.layers]
