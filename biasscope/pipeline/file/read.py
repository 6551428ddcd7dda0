"""From the TOML file of an analysis to an analysis that can run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from biasscope.core.errors import UsageError
from biasscope.core.toml import from_table, read_table
from biasscope.figures.registry import augmentation, dataset, invariance, layers, upsampling
from biasscope.pipeline.definition import Definition, defined
from biasscope.pipeline.file.analysis import DEFINITIONS, AnalysisFile, Written
from biasscope.pipeline.file.expected import read_expected
from biasscope.pipeline.file.places import resolved
from biasscope.pipeline.file.settings import Settings, kinds_of, parsed

SETTABLE = ("title", "source", "description", "expected", "figures", "strict")
"""Keys of the file itself that can be set."""
FIGURES: dict[str, Mapping[str, object]] = {
    "dataset": dataset.ENTRIES,
    "invariance": invariance.ENTRIES,
    "layers": layers.ENTRIES,
    "augmentation": augmentation.ENTRIES,
    "upsampling": upsampling.ENTRIES,
}
"""Question -> its figures."""
HARMLESS = frozenset(
    {
        *("seed", "device", "batch", "together", "engine", "channels_last", "compile", "stream", "cache"),
        *("limit", "seeds", "variants", "measures", "attribution", "attribution_limit", "blame", "blame_limit"),
        *("lie", "leakage", "channels", "draws", "heads", "remedies", "position", "knee"),
    }
)
"""Options under which a number still means what it means in the file: how much is measured, what else, and how fast."""
TRAINING = frozenset({"batch"})
"""Of these, the ones that are part of the protocol where networks are trained."""


def read_analysis(
    path: str | Path,
    settings: Settings = (),
    *,
    shared: Mapping[str, object] | None = None,
    allow_python: bool = False,
    tiny: bool = False,
    base: str | Path | None = None,
) -> AnalysisFile:
    r"""Read an analysis, with settings in the place of what stands in the file.

    Parameters
    ----------
    path
        TOML file.
    settings
        Texts ``key=value`` (the value as in TOML, else plain text), or a mapping. The keys are those of the question's
        table, and title, source, description, expected, figures and strict. An empty text is the default again.
    shared
        Options in the place of all others, where the question has them: the seed, and the device of those with models.
    allow_python
        Whether models may be built by Python code that the file names (``python:module:function``).
    tiny
        Put in the options of the table ``tiny``, those of the smallest run.
    base
        Folder from which relative paths in the settings start: the working folder unless given. Those in the file start
        from the folder of the file.

    Returns
    -------
    AnalysisFile
        What :func:`run_analysis` runs.

    Raises
    ------
    UsageError
        The file cannot be read; a key is unknown or a value out of range (the error names file and key); an environment
        variable is not set; or the file names code without ``allow_python``.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "digits.toml"
    >>> _ = path.write_text('title = "Digits"\nquestion = "layers"\nsource = "me"\n[layers]\nlimit = 4\n')
    >>> read_analysis(path, ["limit=8"]).asked.limit
    8
    """
    path = Path(path).absolute()
    table = read_table(path)
    question = _question(table, path)
    options = table.pop(question, {})
    given = parsed(settings, _kinds(question), question=question, where=str(path))
    written = _written(table, {name: given.pop(name) for name in SETTABLE if name in given}, path)
    stacked = [
        (options, path.parent),
        (written.tiny if tiny else {}, path.parent),
        (given, Path(base or "").absolute()),
        (_having(DEFINITIONS[question], shared or {}), path.parent),
    ]
    asked = _asked(question, stacked, f"{path}: [{question}]")
    _check_code(getattr(asked, "model", []), f"{path}: [{question}] model", allowed=allow_python)
    return AnalysisFile(
        path=path,
        title=written.title,
        question=written.question,
        source=written.source,
        asked=asked,
        description=" ".join(written.description.split()),
        expected=read_expected(written.expected, path.parent, where=f"{path}: expected") if written.expected else None,
        unjudged=_unjudged(question, given, asked, stacked[0], tiny=tiny),
        figures=written.figures,
        strict=written.strict,
        allow_python=allow_python,
    )


def _unjudged(
    question: str,
    given: Iterable[str],
    asked: Definition,
    written: tuple[Mapping[str, object], Path],
    *,
    tiny: bool,
) -> str:
    """Why published numbers are not judged: they are about the data, the models and the protocol of the file.

    ``given`` are the keys that are set, ``written`` the options of the file and the folder its paths start from.
    """
    if tiny:
        return "this is the smallest form of the analysis, not the one that the file asks for"
    harmless = HARMLESS - TRAINING if question == "augmentation" else HARMLESS
    other = [name for name in given if name not in harmless and not _same(question, name, asked, *written)]
    return f"{' and '.join(other)} {'are' if other[1:] else 'is'} set otherwise than in the file" if other else ""


def _same(question: str, name: str, asked: Definition, written: Mapping[str, object], folder: Path) -> bool:
    """Whether an option is what the file says anyway, or what holds where it says nothing."""
    if (value := written.get(name, "")) == "":
        value = getattr(type(asked)(), name)
    try:
        value = resolved(question, name, value, folder, where=name)
    except UsageError:  # a variable that is not set
        return False
    several = [item if isinstance(item, list) else [item] for item in (value, getattr(asked, name))]
    return several[0] == several[1]


def _having(kind: type[Definition], options: Mapping[str, object]) -> dict[str, object]:
    """Options that a definition has."""
    return {name: value for name, value in options.items() if name in kind.__struct_fields__}


def _kinds(question: str) -> dict[str, Any]:
    """Types of all keys that can be set."""
    own = {name: kind for name, kind in kinds_of(Written).items() if name in SETTABLE}
    return own | kinds_of(DEFINITIONS[question])


def _written(table: dict[str, Any], given: Mapping[str, object], path: Path) -> Written:
    """Keys of the file itself, those that are set in the place of those that are written."""
    kinds = kinds_of(Written)
    merged = table | {name: _several(value, kinds[name]) for name, value in given.items()}
    written = from_table({name: value for name, value in merged.items() if value != ""}, Written, where=str(path))
    _check_figures(written.figures, written.question, f"{path}: figures")
    return written


def _question(table: Mapping[str, Any], path: Path) -> str:
    """Question of a file; tables of other questions are refused."""
    question = table.get("question")
    if not isinstance(question, str) or question not in DEFINITIONS:
        if question is None and "analyses" in table:
            hint = f"Write: due --now {path}"
            raise UsageError("this is a scheduled report, not an analysis", where=str(path), hint=hint)
        what = "the key 'question' is missing" if question is None else f"{question!r} is no question"
        raise UsageError(what, where=str(path), hint=f"There are: {', '.join(DEFINITIONS)}.")
    if other := next((name for name in DEFINITIONS if name in table and name != question), None):
        hint = f"Its options stand in [{question}]."
        raise UsageError(f"[{other}] is the table of another question", where=str(path), hint=hint)
    if not isinstance(table.get(question, {}), dict):
        raise UsageError(
            f"{question!r} is no table", where=str(path), hint=f"Write [{question}] and its options below."
        )
    return question


def _asked(question: str, stacked: list[tuple[Mapping[str, object], Path]], where: str) -> Definition:
    """Definition from tables, a later one in the place of an earlier, each with the folder its paths start from."""
    merged = {name: (value, folder) for table, folder in stacked for name, value in table.items()}
    try:
        return defined(
            DEFINITIONS[question],
            {
                name: resolved(question, name, value, folder, where=f"{where} {name}")
                for name, (value, folder) in merged.items()
                if value != ""
            },
        )
    except UsageError as error:
        raise _placed(error, where) from error


def _placed(error: UsageError, where: str) -> UsageError:
    """Error of a definition, with the place in the file instead of the option of the command line."""
    inner = error.__cause__.__cause__ if error.__cause__ else None  # what the definition said of itself
    said = inner if isinstance(inner, UsageError) else error
    key = said.where.removeprefix("--").replace("-", "_") if said.where.startswith("--") else ""
    place = f"{where} {key}" if key else said.where or where
    return UsageError(said.what, where=place, hint=said.hint)


def _several(value: object, kind: object) -> object:
    """One item of a list may stand alone."""
    return [value] if kind == list[str] and not isinstance(value, list) else value


def _check_code(models: list[str], where: str, *, allowed: bool) -> None:
    for model in models:
        if not allowed and "python:" in unquote(model):
            hint = "Say --allow-python if you trust the file and the code that it names."
            raise UsageError(f"{model!r} names code to import", where=where, hint=hint)


def _check_figures(names: list[str], question: str, where: str) -> None:
    for name in names:
        if name not in FIGURES[question]:
            raise UsageError(f"there is no figure {name!r}", where=where, hint=" ".join(_near(name, question)))


def _near(name: str, question: str) -> Iterator[str]:
    if near := get_close_matches(name, FIGURES[question], 1):
        yield f"Did you mean {near[0]}?"
    yield f"The figures of {question} are {', '.join(FIGURES[question])}."
