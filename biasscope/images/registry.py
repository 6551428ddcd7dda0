"""The image sources, by name. A new one is a file in ``sources/`` and a line here; the contract tests run on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from biasscope.core.registry import Entry, Registry
from biasscope.images.request import Request

COLUMNS = "image_column label_column id_column box_columns box_convention split"


def _source(module: str, title: str, spec: str, takes: str = "") -> Entry:
    facts = {"title": title, "spec": spec, "takes": takes}
    return Entry(f"biasscope.images.sources.{module}:open_source", facts)


SOURCES = Registry(
    "image source",
    {
        "scenes": _source("scenes", "embedded digit scenes", "scenes or scenes:200"),
        "video": _source("video", "clips of a video", "video:PATH, or a video file"),
        "huggingface": _source(
            "huggingface", "Hugging Face dataset", "hf://owner/name, or a folder of save_to_disk", f"{COLUMNS} stream"
        ),
        "table": _source(
            "table", "table with pictures", "a Parquet, Arrow or CSV file, or a folder of Parquet files", COLUMNS
        ),
        "folder": _source("folder", "folder of pictures", "a folder, with a sub-folder a class or without", "split"),
        "memory": _source(
            "memory", "pictures in memory", "arrays, tensors, or a sequence of pictures", "labels class_names"
        ),
    },
)
"""Every module has ``detect(request) -> bool``, asked in this order, and ``open_source(request) -> ImageSource``.
Facts: ``title`` for people, ``spec`` what to write to get it, ``takes`` the options of reading that it knows."""
READING = frozenset(f"{COLUMNS} stream labels class_names".split())
"""Options of reading that not every source knows."""


def detects(name: str, request: Request) -> bool:
    """Whether a source knows what a request specifies."""
    detect = Entry(SOURCES[name].target.replace(":open_source", ":detect")).load()
    return cast(Callable[[Request], bool], detect)(request)
