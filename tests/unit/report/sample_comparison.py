"""Pairs of reports made up for tests of gates and comparisons: small ones of known numbers, large and hostile ones."""

import msgspec

from biasscope.core.provenance import InputFile, Provenance
from biasscope.core.results import Interval, Result, Scalar, table
from biasscope.report.comparison import compare
from biasscope.report.model import Report
from tests.unit.report import sample_reports as sample

DIGEST, OTHER = "ab" * 32, "cd" * 32


def origin(*, seed=0, digest=DIGEST, name="boxes.parquet"):
    return Provenance(
        command=["biasscope", "invariance", "--seed", str(seed)],
        seed=seed,
        versions={"python": "3.11.9", "torch": "2.5"},
        machine={"system": "Linux"},
        inputs=[InputFile(name, 100, digest)],
        input_count=1,
        started=f"2026-11-2{seed % 10}T03:00:00+00:00",
        seconds=3.0,
    )


def scalar(name, value, width=0.01, **facts):
    ends = None if value is None or width is None else Interval(value - width, value + width)
    return Scalar(name, value, facts.pop("title", name.replace("_", " ")), ends, **facts)


def result(kind="shifts", scalars=(), tables=(), **parameters):
    return Result(kind, "Found.", parameters=parameters, scalars=list(scalars), tables=list(tables))


def report(*results, kind="invariance", headline=(), provenance=None):
    heads = [item for each in results for item in each.scalars if item.name in headline]
    origin_of = provenance or origin()
    return Report(kind, "Model a on pictures", "Is it stable?", ["It is."], heads, list(results), origin_of)


def models(**weights):
    columns = {"model": list(weights), "spec": [f"small:{name}" for name in weights], "sha256": list(weights.values())}
    return result("models", tables=[table("models", columns, row="model")])


def layers(values, width=0.02, model="net", better="lower"):
    """Measures of layers, one row each."""
    names = [f"features.{place}" for place in range(len(values))]
    columns = {
        "model": [model] * len(values),
        "layer": names,
        "depth": list(range(len(values))),
        "measure": ["nonshiftability"] * len(values),
        "title": ["Nonshiftability"] * len(values),
        "value": values,
        "low": [None if value is None else value - width for value in values],
        "high": [None if value is None else value + width for value in values],
        "n": [100] * len(values),
        "better": [better] * len(values),
        "unit": ["share"] * len(values),
    }
    return result("layers", tables=[table("measures", columns, row="measure")])


def one(value, width=0.01, better="higher", **facts):
    """Report of one scalar, `shifts.consistency@a`."""
    item = scalar("consistency@a", value, width, better=better, unit="share", title="Consistency, a")
    return report(result(scalars=[item]), headline=["consistency@a"], **facts)


def pair(classes=40, labels=None):
    """Two reports of the dataset question that differ in many numbers, the second with a class fewer."""
    a = sample.full(classes, labels)
    position = sample.position(labels or sample.names(classes - 1), seed=7)
    moved = {"pooled_effect": (0.329, Interval(0.321, 0.337)), "edge_contact": (0.0617, Interval(0.059, 0.064))}
    position = msgspec.structs.replace(position, scalars=[_moved(item, moved) for item in position.scalars])
    return a, msgspec.structs.replace(
        a,
        headline=[_moved(item, moved) for item in a.headline],
        results=[position, *a.results[1:]],
        provenance=msgspec.structs.replace(a.provenance, seed=1, started="2026-11-22T00:02:00+00:00"),
    )


def _moved(item, moved):
    value, ends = moved.get(item.name, (item.value, item.interval))
    return msgspec.structs.replace(item, value=value, interval=ends)


def full(classes=40, labels=None):
    """Comparison with changes of every sort."""
    return compare(*pair(classes, labels))
