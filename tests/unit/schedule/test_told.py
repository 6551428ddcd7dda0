"""Who is told of a run and how: a command on failure, JUnit XML, Markdown for CI."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from biasscope.core.errors import OutputError
from biasscope.report.gates import Verdict
from biasscope.schedule import said, summary
from biasscope.schedule.junit import junit
from biasscope.schedule.notify import notify
from biasscope.schedule.record import AnalysisRun, RunRecord
from tests.unit.report.sample_reports import HOSTILE
from tests.unit.schedule.sample_runs import FIRST

WORD_JOINER = "\u2060"
WRITE = "import json, os, sys; facts = {k: v for k, v in os.environ.items() if k.startswith('BIASSCOPE_')}; "
WRITE += "open('told.json', 'w').write(json.dumps([facts, sys.stdin.read(), sys.argv[1:]]))"


def verdict(status, number="a.b", gate="a.b at most 1"):
    return Verdict(gate, number, status, 2.0, None, 1.0, None, f"{number} is 2, must be at most 1")


def made(status="failed", *items, **facts):
    default = (AnalysisRun(name="boxes", folder="boxes", seconds=2.5, verdicts=[verdict(status)]),)
    code = {"passed": 0, "failed": 1, "incomparable": 3, "error": 4}[status]
    finished = FIRST + timedelta(seconds=61.25)
    given = {"title": "Nightly check"} | facts
    moments = {"started": FIRST.isoformat(), "finished": finished.isoformat()}
    analyses = list(items or default)
    return RunRecord(name="nightly", status=status, exit_code=code, analyses=analyses, **moments | given)


def all_sorts():
    several = [verdict("passed"), verdict("failed", "a.c"), verdict("incomparable", "a.d")]
    good = AnalysisRun(name="boxes", folder="boxes", seconds=2.5, verdicts=several)
    bad = AnalysisRun(name="model", seconds=0.5, error="weights.pt: cannot be read")
    return made("error", good, bad, AnalysisRun(name="free", folder="free", seconds=1.0), notes=["It was late."])


def hostile():
    items = [
        AnalysisRun(name=f"n{place}", error=text, verdicts=[Verdict(text, text, "failed", said=text)])
        for place, text in enumerate(HOSTILE)
    ]
    return made("error", *items, title=HOSTILE[0], notes=list(HOSTILE))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (made("passed"), "Nightly check passed its one check"),
        (made("failed"), "Nightly check failed 1 of 1 check: a.b is 2, must be at most 1"),
        (made("failed", title=""), "nightly failed 1 of 1 check: a.b is 2, must be at most 1"),
        (
            all_sorts(),
            "Nightly check broke off in 1 of 3 analyses: model: weights.pt: cannot be read (and 3 more)",
        ),
        (
            made("failed", AnalysisRun(name="a", verdicts=[verdict("incomparable", "a.b"), verdict("failed", "a.c")])),
            "Nightly check failed 1 of 2 checks: a.c is 2, must be at most 1 (and 1 more)",
        ),
        (made("error", AnalysisRun(name="a", error="x" * 999)), None),
    ],
)
def test_message_in_one_line(record, told):
    text = said.message(record)
    assert told is None or text == told
    assert len(text) < 300


class TestNotify:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_facts_and_record(self, tmp_path):
        record = made("failed")
        notify(record, tmp_path / "nightly", [sys.executable, "-c", WRITE, "$HOME; rm -rf *", "a b"])
        facts, text, arguments = json.loads((tmp_path / "told.json").read_text())
        assert facts == {
            "BIASSCOPE_REPORT": "nightly",
            "BIASSCOPE_STATUS": "failed",
            "BIASSCOPE_EXIT_CODE": "1",
            "BIASSCOPE_FOLDER": str(tmp_path / "nightly"),
            "BIASSCOPE_MESSAGE": "Nightly check failed 1 of 1 check: a.b is 2, must be at most 1",
        }
        assert json.loads(text)["analyses"][0]["verdicts"][0]["status"] == "failed"
        assert arguments == ["$HOME; rm -rf *", "a b"]  # no shell between

    @pytest.mark.parametrize("status", ["failed", "incomparable", "error"])
    def test_whenever_it_did_not_pass(self, tmp_path, status):
        notify(made(status), tmp_path, [sys.executable, "-c", WRITE])
        assert (tmp_path / "told.json").exists()

    def test_not_when_it_passed(self, tmp_path):
        notify(made("passed"), tmp_path, [sys.executable, "-c", WRITE])
        notify(made("failed"), tmp_path, [])
        assert not (tmp_path / "told.json").exists()

    def test_hostile_names_stay_data(self, tmp_path):
        notify(hostile(), tmp_path, [sys.executable, "-c", WRITE])
        facts, text, _ = json.loads((tmp_path / "told.json").read_text())
        assert json.loads(text)["title"] == HOSTILE[0]
        assert not set("\0\n\r\x1b\u202e") & set(facts["BIASSCOPE_MESSAGE"])

    @pytest.mark.parametrize(
        ("argv", "told"),
        [
            (["no-such-program"], "no-such-program cannot be run (No such file or directory)"),
            ([sys.executable, "-c", "raise SystemExit(7)"], "ended with exit code 7"),
            ([sys.executable, "-c", "import time; time.sleep(60)"], "took longer than 0.3 s and was ended"),
            ([sys.executable, "-c", "import sys; sys.stdin.close()"], ""),
            (["a\0b"], "cannot be run"),
        ],
    )
    def test_its_failure_is_said_and_changes_nothing(self, tmp_path, capsys, argv, told):
        notify(made("failed"), tmp_path, argv, timeout=0.3 if "sleep" in argv[-1] else 300)
        shown = capsys.readouterr()
        assert shown.out == ""
        assert told in shown.err
        assert shown.err.startswith("biasscope: nightly: on_failure: ") if told else shown.err == ""

    def test_what_it_started_is_ended_with_it(self, tmp_path, monkeypatch):
        late = "import os, time; os.write(1, b's'); time.sleep(20); open('late', 'w')"
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {late!r}])"
        ours, theirs = os.pipe()

        def too_long(process, text, timeout):
            assert os.read(ours, 9) == b"s"
            raise subprocess.TimeoutExpired(process.args, timeout)

        monkeypatch.setattr(subprocess.Popen, "communicate", too_long)
        monkeypatch.setattr("biasscope.schedule.notify._stderr", lambda: theirs)
        notify(made("failed"), tmp_path, [sys.executable, "-c", code])
        os.close(theirs)
        assert os.read(ours, 9) == b"", "it has ended, since nobody can write there any more"
        os.close(ours)
        assert not (tmp_path / "late").exists()

    def test_what_it_prints_stays_off_stdout(self, tmp_path, capfd):
        notify(made("failed"), tmp_path, [sys.executable, "-c", "print('sent')"])
        assert capfd.readouterr() == ("", "sent\n")


class TestJunit:
    def test_one_case_a_check(self):
        root = ET.fromstring(junit(all_sorts()))
        assert root.attrib == {
            "name": "nightly",
            "tests": "6",
            "failures": "1",
            "errors": "2",
            "time": "61.250",
            "timestamp": "2026-01-05T03:00:00",
        }
        suites = {suite.get("name"): suite for suite in root}
        assert list(suites) == ["boxes", "model", "free"]
        assert [suites["boxes"].get(key) for key in ("tests", "failures", "errors", "time")] == ["4", "1", "1", "2.500"]
        cases = {case.get("name"): [child.tag for child in case] for case in suites["boxes"]}
        assert cases == {
            "it runs": [],
            "a.b at most 1": [],
            "a.b at most 1 [a.c]": ["failure"],
            "a.b at most 1 [a.d]": ["error"],
        }
        assert suites["model"].find("testcase/error").get("message") == "weights.pt: cannot be read"
        assert {case.get("classname") for case in root.iter("testcase")} == {f"nightly.{name}" for name in suites}

    @pytest.mark.parametrize(("status", "errors"), [("error", "1"), ("passed", "0")])
    def test_a_run_without_analyses(self, status, errors):
        record = made(status, notes=["The disk is full."])
        record = RunRecord(**{key: getattr(record, key) for key in record.__struct_fields__} | {"analyses": []})
        root = ET.fromstring(junit(record))
        assert (root.get("tests"), root.get("errors")) == ("1", errors)
        assert [item.get("message") for item in root.iter("error")] == ["The disk is full."] * int(errors)

    def test_a_clock_that_was_set_back_takes_no_time(self):
        record = made("passed", finished="2026-01-05T02:00:00+00:00")
        assert ET.fromstring(junit(record)).get("time") == "0.000"

    def test_hostile_texts_make_well_formed_xml(self):
        root = ET.fromstring(junit(hostile()))
        assert root.get("tests") == str(2 * len(HOSTILE))
        said = [item.get("message") for item in root.iter("failure")]
        assert "<script>alert(1)</script>" in said


class TestSummary:
    def test_table_of_checks_those_that_did_not_pass_first(self):
        lines = summary.step_summary(all_sorts()).splitlines()
        assert lines[0] == f"## {summary.MARKS['error']} Nightly check broke off in 1 of 3 analyses"
        rows = [line for line in lines if line.startswith("| ") and "check |" not in line]
        assert [row.split("|")[1].split()[1] for row in rows] == ["failed", "incomparable", "passed"]
        assert [line for line in lines if line.startswith("###")] == ["### boxes", "### model", "### free"]
        assert f"{summary.MARKS['error']} weights.pt\\: cannot be read" in lines
        assert f"{summary.MARKS['passed']} It runs; no gate is set." in lines
        assert lines[-1] == "It was late."

    def test_long_lists_are_cut(self):
        many = [verdict("passed", f"a.{place}") for place in range(summary.MOST + 7)]
        text = summary.step_summary(made("passed", AnalysisRun(name="boxes", verdicts=many)))
        assert text.count("\n| ") == summary.MOST + 1
        assert "and 7 more" in text

    def test_hostile_texts_are_neither_html_nor_links(self):
        text = summary.step_summary(hostile())
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        assert set(re.findall(r"<(\w+)", html)) == {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td"}
        shown = unescape(html).replace(WORD_JOINER, "")
        assert all(text in shown for text in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[13]))
        assert not set("\0\x1b\x07\u202e") & set(text)
        assert "www.example.org" not in summary.plain("www.example.org")

    def test_appended_where_ci_names_a_file(self, tmp_path, monkeypatch):
        path = tmp_path / "summary.md"
        monkeypatch.delenv(summary.VARIABLE, raising=False)
        summary.append(made("failed"))
        monkeypatch.setenv(summary.VARIABLE, str(path))
        path.write_text("before\n")
        summary.append(made("failed"))
        summary.append(made("passed"))
        text = path.read_text("utf-8")
        assert text.startswith("before\n## ")
        assert text.count("## ") - text.count("### ") == 2

    def test_never_more_than_is_shown(self, tmp_path, monkeypatch):
        path = tmp_path / "summary.md"
        monkeypatch.setenv(summary.VARIABLE, str(path))
        path.write_text("x" * summary.LIMIT)
        summary.append(made("failed"))
        added = path.read_text("utf-8")[summary.LIMIT :]
        assert len(added.splitlines()) <= 3
        assert "failed 1 of 1 check" in added

    def test_a_file_that_cannot_be_written(self, tmp_path, monkeypatch):
        monkeypatch.setenv(summary.VARIABLE, str(tmp_path / "no" / "summary.md"))
        with pytest.raises(OutputError, match="cannot write the summary"):
            summary.append(made("failed"))


def test_environment_of_the_hook_is_that_of_the_program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIASSCOPE_STATUS", "old")
    monkeypatch.setenv("MINE", "kept")
    code = "import os; open('told', 'w').write(os.environ['BIASSCOPE_STATUS'] + os.environ['MINE'])"
    notify(made("failed"), tmp_path, [sys.executable, "-c", code])
    assert (tmp_path / "told").read_text() == "failedkept"
    assert os.environ["BIASSCOPE_STATUS"] == "old"
