"""Oldest versions that ``pyproject.toml`` allows, as constraints for pip: ``python tests/lowest.py FILE``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(project: str) -> list[str]:
    """Dependencies and extras of a pyproject.toml, each at its lower bound."""
    about = tomllib.loads(project)["project"]
    given = [*about["dependencies"], *(each for extra in about["optional-dependencies"].values() for each in extra)]
    pairs = (each.split(">=") for each in given)
    return [f"{name.partition('[')[0]}=={bound}" for name, bound in pairs]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n".join(lowest(PROJECT.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")
