"""What the page of a history says: words, trends, bounds, bars, all from runs that are known."""

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from biasscope.core.results import Scalar
from biasscope.report.gates import Verdict
from biasscope.schedule.history import page, words
from biasscope.schedule.history.runs import Run, read_runs
from biasscope.schedule.history.strip import LEAST, SINGLE, strip
from biasscope.schedule.history.trends import course, trends
from biasscope.schedule.record import AnalysisRun
from tests.unit.report.page import Page
from tests.unit.schedule import sample_runs as sample


def runs(*statuses):
    """Runs that ended so, a day apart; what is not a status cannot be read."""
    made = []
    for place, status in enumerate(statuses):
        moment = sample.FIRST + timedelta(days=place)
        stamp = moment.strftime("%Y%m%dT%H%M%SZ")
        said = [Verdict("g", "a.b", status, 1.0)] if status in ("passed", "failed", "incomparable") else []
        items = [AnalysisRun(name="boxes", error="Broken." if status == "error" else None, verdicts=said)]
        record = sample.record("nightly", place, moment, items, status=status, exit_code=0)
        made.append(Run(stamp, Path(stamp), None if status == "unreadable" else record, "Half a file."))
    return made


def plain(text):
    return text.replace(words.SPACE, " ")


@pytest.mark.parametrize(
    ("statuses", "lead", "since"),
    [
        ((), "There is no run yet.", ""),
        (["passed"], "The last run (5 Jan 2026, 03:00 UTC) passed its one check.", ""),
        (["passed"] * 2, "The last run (6 Jan 2026, 03:00 UTC) passed its one check.", "So did the one run before it."),
        (["passed"] * 4, None, "So did all 3 runs before it."),
        (["failed"] * 3, "The last run (7 Jan 2026, 03:00 UTC) failed 1 of 1 check.", "None of the 3 runs passed."),
        (["passed", "failed"], None, "The run before it passed."),
        (
            ["passed", "failed", "error"],
            "The last run (7 Jan 2026, 03:00 UTC) broke off in 1 of 1 analysis.",
            "None of the last 2 runs passed; the last that did is that of 5 Jan 2026, 03:00 UTC.",
        ),
        (
            ["incomparable", "passed"],
            None,
            "It is the first to pass again; the run of 5 Jan 2026, 03:00 UTC had nothing to be compared with.",
        ),
        (
            ["failed", "passed", "passed"],
            None,
            "The last 2 runs passed; the run of 5 Jan 2026, 03:00 UTC failed a gate.",
        ),
        (
            ["unreadable"],
            "The record of the last run (5 Jan 2026, 03:00 UTC) cannot be read.",
            "",
        ),
    ],
)
def test_how_it_ended_and_since_when(statuses, lead, since):
    made = runs(*statuses)
    assert lead is None or plain(words.lead(made)) == lead
    assert plain(words.since(made)) == since


def test_tally_in_a_fixed_order():
    made = runs("error", "passed", "unreadable", "failed", "passed")
    assert words.tally(made) == [("passed", 2), ("failed", 1), ("error", 1), ("unreadable", 1)]


@pytest.mark.parametrize(
    ("said", "facts", "shown"),
    [
        ("a.b is 0.95 (0.9 to 1), must be at least 0.9", {"bound": 0.9}, "must be at least 90%"),
        ("a.b is 0.5, worse by 0.4 than 0.9", {"bound": 0.8, "baseline": 0.9}, "must not be worse than 80%, with 90%"),
        ("a.b: there is no baseline yet", {}, "there is no baseline yet"),
        ("a.b is not in the report", {}, "is not in the report"),
        ("something else", {}, "something else"),
    ],
)
def test_gates_speak_as_their_number_does(said, facts, shown):
    text = words.gate(Verdict("g", "a.b", "passed", said=said, **facts), lambda value: f"{value:.0%}")
    assert text.startswith(shown)


@pytest.mark.parametrize("count", [1, 30, SINGLE, SINGLE + 1, 1000])
def test_strip_has_a_place_for_every_run(count):
    statuses = ["failed" if place % 97 == 5 else "passed" for place in range(count)]
    bars = strip(runs(*statuses))
    assert len(bars) == count if count <= SINGLE else len(bars) < count / 5
    assert all(bar.x >= 0 and bar.x + bar.width <= 1000 + LEAST for bar in bars)
    failed = [bar for bar in bars if bar.status == "failed"]
    assert [round(bar.x / 1000 * count) for bar in failed] == [p for p, s in enumerate(statuses) if s == "failed"]
    assert all(bar.width >= min(LEAST, 1000 / count * 0.8) for bar in failed)
    assert bars[-len(failed) :] == failed if failed else True


def test_trends_have_a_gap_where_a_run_has_no_number(tmp_path):
    found = trends(read_runs(sample.mishaps(sample.history(tmp_path, 40)), {}))
    assert list(found) == ["boxes", "model"]
    assert [one.number for one in found["boxes"]] == [sample.COUNT, sample.EFFECT]
    drawn = course(found["boxes"][1])
    assert len(drawn.times) == 39  # one run cannot be read
    assert np.flatnonzero(np.isnan(drawn.value)).tolist() == [6]  # the report of another one
    (bound,) = drawn.bounds
    assert np.nanmin(bound) == np.nanmax(bound) == 0.25
    assert drawn.style == "real"
    assert course(found["model"][0]).said[8] == "incomparable"
    assert course(found["model"][0]).style == "share"


def test_two_bounds_of_one_gate_are_two_lines(tmp_path):
    made = sample.dataset(np.random.default_rng(0), 0)
    text = f"{sample.EFFECT} at least 0.1 and at most 0.3"
    ends = [Verdict(text, sample.EFFECT, "passed", 0.2, None, bound) for bound in (0.1, 0.3)]
    item = AnalysisRun(name="boxes", folder="boxes", verdicts=ends)
    sample.write_run(tmp_path, sample.record("a", 0, sample.FIRST, [item]), {"boxes": made})
    (one,) = [one for one in trends(read_runs(tmp_path, {}))["boxes"] if one.number == sample.EFFECT]
    assert [bound.tolist() for bound in course(one).bounds] == [[0.1], [0.3]]


def test_page_is_well_formed_whatever_the_names(tmp_path):
    html = page.render("nightly", read_runs(sample.hostile(tmp_path), {}))
    read = Page(html)
    assert read.unbalanced == []
    ids = read.attributes("id")
    assert len(ids) == len(set(ids))
    assert b"<script>alert" not in html
    assert len(read.all("script")) == 1
    assert all(not link["href"].startswith(("javascript:", "/", "http", "..")) for link in read.all("a"))
    (policy,) = [item["content"] for item in read.all("meta") if item.get("http-equiv") == "Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; img-src data:; .*", policy
    )
    assert not [tag for tag in read.attributes("style") if tag]


def test_numbers_that_are_not_in_the_last_run_stand_folded(tmp_path):
    for place, name in enumerate(("old", "new")):
        made = sample.report("dataset", {"position": [Scalar(name, 1.5, f"the {name} number")]})
        item = AnalysisRun(name="boxes", folder="boxes")
        moment = sample.FIRST + timedelta(days=place)
        sample.write_run(tmp_path, sample.record("a", place, moment, [item]), {"boxes": made})
    text = page.render("a", read_runs(tmp_path, {})).decode()
    before, _, folded = text.partition("Numbers that the last run does not have")
    assert "the new number" in before
    assert "the old number" not in before
    assert "the old number" in folded


def test_numbers_of_a_wildcard_stand_folded_unless_one_failed(tmp_path):
    made = sample.report("dataset", {"position": [Scalar("effect", 0.2)]})
    gate = "position.classes[*].effect at most 0.5"
    ends = {"cat": 0.1, "dog": 0.9}
    said = [
        Verdict(gate, f"position.classes[{key}].effect", "failed" if value > 0.5 else "passed", value, None, 0.5)
        for key, value in ends.items()
    ]
    item = AnalysisRun(name="boxes", folder="boxes", verdicts=said)
    sample.write_run(tmp_path, sample.record("a", 0, sample.FIRST, [item]), {"boxes": made})
    text = page.render("a", read_runs(tmp_path, {})).decode()
    open_, _, folded = text.partition("Numbers of gates that look at several, all passed")
    assert "classes[dog]" in open_
    assert "classes[cat]" not in open_.partition('id="analysis-1"')[2]
    assert "classes[cat]" in folded
