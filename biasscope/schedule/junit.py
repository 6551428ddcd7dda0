"""A run as JUnit XML, which every CI system shows: one suite an analysis, one test case a check."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from biasscope.figures.labels import visible
from biasscope.report.gates import Verdict
from biasscope.schedule.record import AnalysisRun, RunRecord, instant


def junit(record: RunRecord) -> bytes:
    """JUnit XML of a run.

    Every analysis has a test case "it runs", and one for each gate and number. A gate that did not hold is a failure;
    an analysis that could not be made, and a gate with nothing to be compared with, is an error.

    Examples
    --------
    >>> made = AnalysisRun(name="boxes", kind="dataset", seconds=1.5)
    >>> start = "2026-11-21T03:00:00+00:00"
    >>> record = RunRecord(name="a", started=start, finished=start, status="passed", exit_code=0, analyses=[made])
    >>> junit(record).decode().splitlines()[1]
    '<testsuites name="a" tests="1" failures="0" errors="0" time="0.000" timestamp="2026-11-21T03:00:00">'
    """
    seconds = max(0.0, (instant(record.finished) - instant(record.started)).total_seconds())  # clocks are set back
    root = ET.Element("testsuites", {"name": visible(record.name)})
    for item in record.analyses:
        _suite(root, record, item)
    if not record.analyses:
        _alone(root, record)
    _count(root, seconds, record)
    ET.indent(root)
    text: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: ET.Element, record: RunRecord, item: AnalysisRun) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": visible(item.name)})
    runs = _case(suite, record, item.name, "it runs", item.seconds)
    if item.error:
        _put(runs, "error", "error", item.error)
    for verdict in item.verdicts:
        _verdict(_case(suite, record, item.name, verdict.gate, 0.0, verdict.number), verdict)
    _count(suite, item.seconds, record)


def _alone(root: ET.Element, record: RunRecord) -> None:
    """A run that did not come as far as an analysis."""
    suite = ET.SubElement(root, "testsuite", {"name": visible(record.name)})
    case = _case(suite, record, record.name, "it runs", 0.0)
    if record.status != "passed":
        _put(case, "error", record.status, " ".join(record.notes) or record.status)
    _count(suite, 0.0, record)


def _case(
    suite: ET.Element, record: RunRecord, analysis: str, name: str, seconds: float, number: str = ""
) -> ET.Element:
    full = name if not number or name.startswith(number) else f"{name} [{number}]"
    facts = {"classname": visible(f"{record.name}.{analysis}"), "name": visible(full), "time": f"{seconds:.3f}"}
    return ET.SubElement(suite, "testcase", facts)


def _verdict(case: ET.Element, verdict: Verdict) -> None:
    if verdict.status != "passed":
        tag = "failure" if verdict.status == "failed" else "error"
        _put(case, tag, verdict.status, verdict.said or verdict.gate)


def _put(case: ET.Element, tag: str, kind: str, said: str) -> None:
    ET.SubElement(case, tag, {"type": kind, "message": visible(said)}).text = visible(said)


def _count(suite: ET.Element, seconds: float, record: RunRecord) -> None:
    for name, path in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(name, str(sum(1 for _ in suite.iter(path))))
    suite.set("time", f"{seconds:.3f}")
    suite.set("timestamp", instant(record.started).strftime("%Y-%m-%dT%H:%M:%S"))
