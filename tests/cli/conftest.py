"""The program as users run it: a process of its own in an empty folder, using the installed package."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run ``python -m biasscope.analyze`` with arguments; no terminal, no colours."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        environment = {key: value for key, value in os.environ.items() if not key.startswith("BIASSCOPE_")}
        environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "200", "PYTHONWARNINGS": "error"}
        environment |= options.pop("environment", {})  # type: ignore[arg-type]
        command = [sys.executable, "-m", "biasscope.analyze", *map(str, arguments)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=300,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Small COCO file: 60 images, two classes, one hostile class name, one box outside its image."""
    images = [{"id": number, "file_name": f"{number:03d}.jpg", "width": 100, "height": 80} for number in range(60)]
    boxes = [
        {"id": number, "image_id": number, "category_id": number % 2, "bbox": [number % 50, number % 40, 20, 30]}
        for number in range(60)
    ]
    boxes.append({"id": 60, "image_id": 0, "category_id": 0, "bbox": [95, 10, 20, 20]})
    categories = [{"id": 0, "name": "<script>alert(1)</script>"}, {"id": 1, "name": "b"}]
    path = tmp_path / "instances_train.json"
    path.write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))
    return path
