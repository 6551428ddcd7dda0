"""The program as users run it: a process of its own in an empty folder, using the installed package; or its commands
in this process, which is spared starting Python and importing everything once more where only the answer matters."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from biasscope.analyze import main
from biasscope.report.model import Report, decode

Program = Callable[..., "subprocess.CompletedProcess[str]"]
Done = tuple[Path, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def fonts(own_folders: None) -> None:
    """List the fonts once: where that takes 5 s matplotlib says so on stderr, which is compared here."""
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True)


@pytest.fixture
def program(tmp_path: Path, fonts: None) -> Program:
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
            timeout=900,  # against hanging: no machine is that slow
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    """Run in this process what ``program`` runs in one of its own, which starts Python and imports everything again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in [name for name in os.environ if name.startswith("BIASSCOPE_")]:
        monkeypatch.delenv(name)

    def run(*arguments: object, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        words = list(map(str, arguments))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            capfd.readouterr()
            return subprocess.CompletedProcess(words, main(words), *capfd.readouterr())

    return run


def read(folder: str | Path = "biasscope-report") -> Report:
    """Report that a command has written."""
    return decode(Path(folder, "report.json").read_bytes())


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder with a network of ten classes in `net.safetensors`."""
    import torch

    from biasscope.models.architectures import architecture
    from biasscope.models.checkpoints.safetensors import to_safetensors

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    built = architecture("cifar_resnet20").build()
    (tmp_path / "net.safetensors").write_bytes(to_safetensors(built.state_dict(), {}))


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


def shared(folders: pytest.TempPathFactory) -> Path:
    """Folder of all processes of the tests."""
    base = folders.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def trained(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share small networks with the questions without a model, which train the same ones."""
    place = shared(tmp_path_factory) / "embedded-cache" / "biasscope" / "models"
    place.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "biasscope").mkdir(parents=True)
    (tmp_path / "cache" / "biasscope" / "models").symlink_to(place, target_is_directory=True)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, fonts: None) -> Callable[..., Done]:
    """Run a question without a model, once for all processes of the tests: it trains networks, which takes a minute."""
    root = shared(tmp_path_factory)
    environment = os.environ | {"XDG_CACHE_HOME": str(root / "embedded-cache")}

    def run(question: str, *options: str) -> Done:
        folder = root / f"embedded-{question}"
        command = [sys.executable, "-W", "error", "-m", "biasscope.analyze", question, *options]
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            said = folder / "said.json"
            if not said.exists():
                done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
                said.write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
            return folder, subprocess.CompletedProcess(command, *json.loads(said.read_text()))

    return run
