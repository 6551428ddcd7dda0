"""Users without a home folder, and names that nobody has."""

from pathlib import Path

import pytest

from biasscope.core.errors import UsageError
from biasscope.core.home import expanded, home


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path
    assert expanded("~/data") == tmp_path / "data"
    assert expanded("data/~") == Path("data/~")


def test_a_user_without_one_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(UsageError, match="no home folder"):
        home()
    assert expanded("~/data") == Path("~/data")
