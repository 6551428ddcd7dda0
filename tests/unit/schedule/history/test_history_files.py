"""The two files of a history: made from the JSON alone, the same whatever was remembered, and quickly."""

import os
import shutil
from datetime import timedelta

import msgspec
import polars as pl
import pytest

from biasscope.core.errors import OutputError
from biasscope.schedule import record as records
from biasscope.schedule.history import runs, table, update
from biasscope.schedule.history.numbers import Heading
from biasscope.schedule.record import AnalysisRun
from tests.unit.schedule import sample_runs as sample


def page(folder):
    return (folder / "index.html").read_text("utf-8")


def frame(folder):
    return pl.read_parquet(folder / "history.parquet")


@pytest.fixture
def forty(tmp_path):
    folder = tmp_path / "nightly"
    folder.mkdir()
    return sample.mishaps(sample.history(folder, 40))


def test_one_row_a_number_and_run(forty):
    update(forty)
    found = frame(forty)
    assert dict(found.schema) == table.SCHEMA
    numbers = [sample.COUNT, sample.EFFECT, sample.SHARE, "shifts.worst_case@resnet18"]
    assert found["number"].unique().sort().to_list() == sorted(numbers)
    counts = dict(found.group_by("number").len().iter_rows())
    assert counts == {sample.COUNT: 38, sample.EFFECT: 38, sample.SHARE: 38, "shifts.worst_case@resnet18": 38}
    record = sample.decoded(forty, "20260108T030000Z")
    verdict = record.analyses[0].verdicts[0]
    (row,) = found.filter(run="20260108T030000Z", number=sample.EFFECT).iter_rows(named=True)
    assert (row["value"], row["bound"], row["status"]) == (verdict.value, 0.25, "passed")
    assert row["low"] < row["value"] < row["high"]
    assert (row["n"], row["better"], row["started"]) == (40_000, "lower", "2026-01-08T03:00:00+00:00")


def test_what_was_written_is_known_again_in_a_folder_whose_name_looks_like_a_pattern(forty):
    folder = forty.rename(forty.with_name("nightly [1] *"))
    update(folder)
    assert len(table.read(folder)) == 38


def test_from_the_json_alone(forty):
    update(forty)
    before = {name: (forty / name).read_bytes() for name in ("index.html", "history.parquet")}
    update(forty)
    assert before == {name: (forty / name).read_bytes() for name in before}
    for name in before:
        (forty / name).unlink()
    update(forty)
    assert before == {name: (forty / name).read_bytes() for name in before}


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no table at all"])
def test_a_broken_table_is_made_again(forty, data):
    update(forty)
    before = page(forty), frame(forty)
    (forty / "history.parquet").write_bytes(data)
    update(forty)
    assert page(forty) == before[0]
    assert frame(forty).equals(before[1])


def test_the_table_of_another_program_is_not_believed(forty):
    pl.DataFrame({"run": ["20260105T030000Z"], "value": [7.0]}).write_parquet(
        forty / "history.parquet", metadata={table.STAMPS: '{"20260105T030000Z": "1"}'}
    )
    update(forty)
    assert frame(forty).height == 4 * 38


def test_only_what_changed_is_read_again(forty, monkeypatch):
    update(forty)
    read = []
    monkeypatch.setattr(runs, "heading", lambda data: read.append(len(data)) or msgspec.json.decode(data, type=Heading))

    update(forty)
    assert len(read) <= 2 + 2  # one to name each analysis, and the run with a report that cannot be read
    changed = forty / "20260107T030000Z" / "boxes" / "report.json"
    changed.write_bytes(changed.read_bytes().replace(b"effect over all classes", b"effect over all things!"))
    os.utime(changed, ns=(1, 1))
    read.clear()
    update(forty)
    assert len(read) == 2 + 2 + 2
    titles = frame(forty).filter(number=sample.EFFECT)["title"].value_counts().rows()
    assert dict(titles) == {"effect over all classes": 37, "effect over all things!": 1}


def test_removed_runs_are_forgotten(forty):
    update(forty)
    for run in ("20260106T030000Z", "20260109T030000Z"):
        shutil.rmtree(forty / run)
    update(forty)
    assert frame(forty)["run"].n_unique() == 39 - 2
    assert "2026-01-09" not in page(forty)


def test_runs_that_cannot_be_read_are_listed(forty):
    update(forty)
    text = page(forty)
    assert "this is no record of a run" in text
    assert "report.json cannot be read" in text
    assert "unreadable 1" in text
    assert "2099" not in text


def test_links_and_other_folders_are_no_runs(forty):
    (forty / "20270101").mkdir()
    (forty / "notes.txt").write_text("mine")
    found = runs.read_runs(forty, {})
    assert [run.id for run in found] == sorted(path.name for path in forty.glob("2026*Z"))
    assert len(found) == 40


def test_runs_stand_in_their_order_though_the_clock_was_set_back(tmp_path):
    for number, days in ((1, 0), (2, 9), (3, 4)):
        made = sample.record("nightly", number - 1, sample.FIRST + timedelta(days=days), [])
        sample.write_run(tmp_path, made, {})
    bad = tmp_path / "20260110T000000Z"
    bad.mkdir()
    found = runs.read_runs(tmp_path, {})
    assert [run.id[:8] for run in found] == ["20260105", "20260114", "20260109", "20260110"]
    assert [run.status for run in found] == ["passed"] * 3 + ["unreadable"]


@pytest.mark.parametrize("folder", ["../../outside", "/etc", "..", "", "boxes/../../../outside", "a\0b", "link"])
def test_reports_outside_of_their_run_are_not_read(tmp_path, folder):
    home = tmp_path / "nightly"
    made = sample.dataset(sample.np.random.default_rng(0), 0, title="Secret")
    sample.write_run(tmp_path / "outside", sample.record("x", 0, sample.FIRST, []), {"boxes": made})
    item = AnalysisRun(name="boxes", folder=folder)
    run = sample.write_run(home, sample.record("nightly", 0, sample.FIRST, [item]), {"own": made})
    (tmp_path / "outside" / "report.json").write_bytes((run / "own" / "report.json").read_bytes())
    (run / "link").symlink_to(tmp_path / "outside")
    update(home)
    assert frame(home).height == 0
    assert "Secret" not in page(home)
    assert '<td class="links">\N{EN DASH}</td>' in page(home)


def test_files_can_be_read_by_everybody_and_nothing_is_left(forty):
    before = {path.name for path in forty.iterdir()}
    update(forty)
    assert {path.name for path in forty.iterdir()} == before | {"index.html", "history.parquet"}
    assert {(forty / name).stat().st_mode & 0o777 for name in ("index.html", "history.parquet")} == {0o644}


def test_a_folder_that_cannot_be_written_is_told(forty, monkeypatch):
    def full(path, target):
        raise OSError(28, "No space left on device")

    update(forty)
    before = page(forty)
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OutputError, match="No space left"):
        update(forty)
    assert page(forty) == before


def test_no_run_at_all(tmp_path):
    update(tmp_path)
    assert "There is no run yet." in page(tmp_path)
    assert frame(tmp_path).height == 0


def test_a_record_of_a_newer_program_is_listed(tmp_path):
    made = sample.record("nightly", 0, sample.FIRST, [], version=records.VERSION + 1)
    sample.write_run(tmp_path, made, {})
    update(tmp_path)
    assert "it is of version 2, known is 1" in page(tmp_path)
