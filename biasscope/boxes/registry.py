"""The readers, by name. A new one is a file in ``readers/`` and a line here; the contract tests then run on it."""

from __future__ import annotations

from biasscope.core.registry import Entry, Registry

_READERS = "biasscope.boxes.readers."


def _reader(module: str, title: str, convention: str, suffixes: tuple[str, ...], *, either: bool = False) -> Entry:
    """Entry of a reader; with ``either`` a file of the format may hold pixels or fractions."""
    pixels = convention != "fraction" and not either
    facts = {"title": title, "convention": convention, "suffixes": suffixes, "pixels": pixels}
    return Entry(f"{_READERS}{module}:read", facts)


READERS = Registry(
    "annotation format",
    {
        "voc": _reader(
            "voc.reader",
            "ImageNet / PASCAL VOC XML",
            "inclusive1",
            (".xml", ".tar", ".gz", ".tgz", ".xz", ".txz", ".bz2"),
        ),
        "cvat": _reader("cvat.reader", "CVAT XML", "edges", (".xml",)),
        "coco": _reader("coco.reader", "COCO JSON", "xywh", (".json",)),
        "yolo": _reader("yolo.reader", "YOLO text files", "fraction", (".txt", ".yaml", ".yml", ".data")),
        "openimages": _reader("openimages", "Open Images CSV", "fraction", (".csv",)),
        "kaggle": _reader("kaggle", "Kaggle LOC_*_solution.csv", "inclusive0", (".csv",)),
        "table": _reader(
            "table.reader",
            "table of boxes",
            "edges",
            (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc"),
            either=True,
        ),
        "huggingface": _reader(
            "huggingface.reader", "Hugging Face dataset", "xywh", (".arrow", ".parquet"), either=True
        ),
    },
)
"""Every module has ``read(request) -> BoxTable`` and ``detect(request) -> bool``, which looks at no more than a few
file heads. Facts: ``title`` for people, ``convention`` of its numbers by default, ``suffixes`` of its files, and if its
numbers are ``pixels``, however small."""
PIXELS = frozenset(name for name, entry in READERS.items() if entry.facts["pixels"])
"""Formats whose numbers are pixels."""
COLUMNED = frozenset({"table", "huggingface"})
"""Formats whose columns can be named, and whose numbers can be in any layout."""


def detector(name: str) -> object:
    """Return the ``detect`` function of a reader."""
    return Entry(READERS[name].target.replace(":read", ":detect")).load()
