"""What every test starts from: the same random numbers, an own cache folder, the real data where there is some."""

import os
import random
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
settings.register_profile("house", BUSY, derandomize=True, database=None)
settings.register_profile("random", BUSY)  # by hand: pytest --hypothesis-profile=random
settings.load_profile("house")

REAL_DATA = "BIASSCOPE_REAL_DATA"


@pytest.hookimpl(trylast=True)  # after the profile was chosen
def pytest_configure() -> None:
    """Fix the examples of hypothesis, which otherwise tries constants of all modules that were imported before, too."""
    if settings().derandomize:
        providers._get_local_constants = lambda: providers._local_constants


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Start every test from the same random numbers, whatever ran before it in this process."""
    random.seed(0)
    for name, seed in (("numpy.random", "seed"), ("torch", "manual_seed")):
        if name in sys.modules:
            getattr(sys.modules[name], seed)(0)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep caches of fixtures that many tests share away from the user's, and matplotlib's list of fonts for all."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("MPLCONFIGDIR", str(folder / "matplotlib"))
        yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches of one test away from the user's and from those of other tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real boxes, annotation files, images and weights."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def box_formats(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of annotation files in many formats, unpacked."""
    target = tmp_path_factory.mktemp("formats")
    with tarfile.open(real_data / "box_formats.tar.xz") as archive:
        if hasattr(tarfile, "data_filter"):  # since Python 3.11.4; without it later ones warn
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(target)  # noqa: S202 (known files)
    return target
