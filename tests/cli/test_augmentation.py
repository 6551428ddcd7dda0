"""`augmentation` through the public command: what it answers, what it refuses, and with which exit codes."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from PIL import Image

from biasscope.analyze import main
from biasscope.core.progress import Progress
from biasscope.report.model import Report
from biasscope.report.render import render
from tests.cli.conftest import read

TINY = ("--images", "centred:60@24", "--copies", "1,2,4,8", "--shifts", "4x4", "--steps", "2", "--batch", "8")
QUICK = (*TINY, "--model", "small:4:4", "--seeds", "1", "--variants", "plain,polyphase")
SMALL = (*TINY[:6], "--variants", "plain", "--seeds", "1", "--steps", "20", "--batch", "8", "--no-html")
BOTH = (*SMALL, "--model", "small:4:4", "--model", "small:8:4")
Command = Callable[..., int]
HELD = """
import sys
from biasscope.pipeline.augmentation import workers
workers.cores = lambda: 2
workers.CODE = workers.CODE.replace("\\nwork()", '''
import time
from biasscope.copies.checkpoint import Checkpoint
save = Checkpoint.save
def held(self, *stored):
    save(self, *stored)
    time.sleep(3600)
Checkpoint.save = held
work()''')
from biasscope.analyze import main
main(sys.argv[1:])
"""
"""The program, except that a process which has stored a network waits until it is killed."""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command in this process, in an empty folder with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda *arguments: main(["augmentation", *map(str, arguments)])


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with one core all is done in this process."""
    monkeypatch.setattr("biasscope.pipeline.augmentation.workers.cores", lambda: 2)


def test_answers_in_words_and_tables(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*QUICK) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    report = read()
    assert [result.kind for result in report.results] == ["copies", "transforms", "images"]
    assert "s² = 16" in report.answer[0]
    assert any("trained once" in sentence for sentence in report.answer)
    copies = report.result("copies")
    assert {table.name for table in copies.tables} >= {
        "summary",
        "needed",
        "curves",
        "coverage",
        "argument",
        "map",
        "cost",
    }
    assert set(copies.table("needed")["variant"]) == {"plain", "polyphase"}
    assert copies.table("argument")["s2"] == [16, 16]
    assert copies.table("networks").height == 8
    assert not Path("cache", "biasscope", "sweeps").exists() or not list(Path("cache", "biasscope", "sweeps").iterdir())
    page = Path("biasscope-report", "report.html").read_bytes()
    assert render(report) == page


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """Report of two models that were trained in two processes, each of which imports torch anew, and its progress."""
    folder, steps = tmp_path_factory.mktemp("apart"), list[int]()

    class Shown(Progress):
        @contextmanager
        def bar(self, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
            steps.append(total or 0)
            yield steps.append

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("biasscope.pipeline.augmentation.workers.cores", lambda: 2)
        patch.setattr("biasscope.core.progress.Terminal", Shown)
        assert main(["augmentation", *BOTH]) == 0
    return folder / "biasscope-report", steps


def test_two_models_in_processes_of_their_own_give_the_same_as_one(
    command: Command, apart: tuple[Path, list[int]]
) -> None:
    assert command(*SMALL, "--model", "small:8:4") == 0
    joint, alone = (read(name).result("copies").table("networks") for name in (apart[0], "biasscope-report"))
    mine = [place for place, name in enumerate(joint["variant"]) if name == "small:8:4 plain"]
    assert len(mine) == 4
    assert [joint["loss"][place] for place in mine] == alone["loss"]
    assert [joint["consistency"][place] for place in mine] == alone["consistency"]


def test_same_seed_same_bytes_except_times(command: Command) -> None:
    reports = []
    for name in ("a", "b"):
        assert command(*QUICK, "--seed", "3", "--no-html", "--output", name) == 0
        reports.append(_timeless(read(name)))
    assert reports[0] == reports[1]


def _timeless(report: Report) -> list[object]:
    provenance = msgspec.structs.replace(report.provenance, started="", seconds=0.0)
    tables = [
        [column for column in table.columns if not column.name.startswith("seconds")]
        for result in report.results
        for table in result.tables
    ]
    scalars = [scalar for result in report.results for scalar in result.scalars]
    return [report.answer, report.headline, provenance, tables, scalars]


@pytest.mark.usefixtures("two_cores")
def test_killed_while_two_processes_train_it_goes_on_to_the_same_answer(
    command: Command, apart: tuple[Path, list[int]], tmp_path: Path
) -> None:
    words = [sys.executable, "-c", HELD, "augmentation", *BOTH, "--quiet", "--output", "killed"]

    def stored() -> list[Path]:
        return list((tmp_path / "cache").rglob("plain-*.safetensors"))

    with subprocess.Popen(words) as process:
        while not stored() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not Path("killed").exists()
    assert 0 < len(stored()) < 8
    assert command(*BOTH) == 0
    assert _timeless(read()) == _timeless(read(apart[0]))


def test_products_of_transformations_and_a_time_budget(command: Command) -> None:
    asked = ("--transform", "shift+rotate", "--shifts", "2x2", "--angles", "-20..20:20", "--copies", "1,2,3")
    given = ("--model", "small:4:4", "--variants", "plain", "--seeds", "1", "--steps", "2", "--batch", "8")
    assert command("--images", "centred:60@24", *given, *asked, "--budget", "10m", "--no-html") == 0
    found = read().result("copies")
    assert found.table("interaction").height == 9
    products = found.table("products")
    assert products["variant"] == ["plain"]
    assert {"n_shift", "n_rotate", "n_both", "to_product", "to_sum"} <= {column.name for column in products.columns}
    assert any("alone" in note and "for both" in note for note in found.notes)
    assert any("two at once" in sentence for sentence in read().answer)
    assert found.parameters["budget"] == 600.0


def test_a_time_budget_that_thins_is_said_on_the_first_screen(command: Command) -> None:
    given = (*TINY[:6], "--model", "small:4:4", "--variants", "plain", "--seeds", "4", "--steps", "400", "--no-html")
    assert command(*given, "--budget", "0.2s") == 0
    report = read()
    assert any(note.startswith("small:4:4: Time budget of 0.2 s: seeds thinned from 4 to 1") for note in report.notes)
    assert len(set(report.result("copies").table("networks")["seed"])) == 1


def test_a_table_of_coloured_images_with_others_held_out(command: Command) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("train", 24), ("test", 9)):
        rows = [{"picture": png(rng), "kind": place % 3} for place in range(count)]
        pl.DataFrame(rows).write_parquet(f"{name}.parquet")
    asked = (
        "--image-column",
        "picture",
        "--label-column",
        "kind",
        "--copies",
        "1,2",
        "--shifts",
        "2x2",
        "--steps",
        "2",
    )
    given = ("--model", "small:resnet18:2", "--variants", "plain", "--seeds", "1", "--batch", "8", "--no-html")
    assert command("--images", "train.parquet", "--held-out", "test.parquet", *asked, *given) == 0
    report = read()
    assert report.result("images").finding == "24 training images, 9 held out; none is in both."
    assert {Path(file.name).name for file in report.provenance.inputs} == {"train.parquet", "test.parquet"}
    assert all(file.sha256 for file in report.provenance.inputs)
    assert report.result("copies").table("argument")["s2"] == [64]


def png(rng: np.random.Generator) -> bytes:
    """A picture of 16 x 16 pixels as a file."""
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def test_a_report_that_cannot_be_written_leaves_the_networks(command: Command, tmp_path: Path) -> None:
    Path("taken/report.json").mkdir(parents=True)  # the folder can be written, the report cannot
    assert command(*QUICK, "--output", "taken", "--no-html") == 3
    kept = [path.name for path in (tmp_path / "cache").rglob("*.safetensors")]
    assert len(kept) == 8
    assert command(*QUICK, "--no-html") == 0
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_transforms_that_are_given(command: Command) -> None:
    assert command(*QUICK, "--augment", "RandomCrop(24, padding=1)", "--no-html") == 0
    found = read().result("transforms")
    delivered = found.table("delivered")
    assert set(delivered["transform"]) == {"RandomCrop(24, padding=1)"}
    assert delivered["distinct"][-1] == 9
    assert delivered["phases"][-1] == pytest.approx(9 / 16)


def test_networks_of_all_models_are_counted(apart: tuple[Path, list[int]]) -> None:
    assert apart[1] == [8, *[1] * 8]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--copies", "few"), 2, "--copies"),
        (("--copies", "0"), 2, "--copies: '0'"),
        (("--target", "often"), 2, "--target"),
        (("--budget", "soon"), 2, "--budget"),
        (("--transform", "shear"), 2, "shear"),
        (("--variants", "round"), 2, "round"),
        (("--seeds", "0"), 2, "--seeds"),
        (("--steps", "3", "--epochs", "1"), 2, "--epochs"),
        (("--seeds", "1000000000"), 2, "networks"),
        (("--target", "antialias@1"), 2, "no variant 'antialias'"),
        (("--target", "plain@3"), 2, "not trained on 3 copies"),
        (("--test-shifts", "40..41"), 2, "0 of 4 versions"),
        (("--shifts", "1x1"), 2, "1 of 1 versions"),
        (("--angles", "0,10"), 2, "--angles"),
        (("--model", "small:5"), 2, "small:resnet18"),
        (("--held-out", "centred:60@24"), 2, "--held-out"),
        (("--images", "centred:0@24"), 2, "at least 10"),
        (("--train-images", "many"), 2, "--train-images"),
        (("--augment", "Tea()"), 2, "Tea"),
        (("--model", "torchvision:alexnet@none"), 2, "too small"),
        (("--model", "torchvision:fcn_resnet50@none"), 2, "classifies"),
        (("--images", "nowhere"), 3, "nowhere"),
    ],
)
def test_what_is_wrong_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    given = ("--images", "centred:60@24", "--seeds", "1", "--copies", "1", "--shifts", "2x2", "--variants", "plain")
    pairs = [given[place : place + 2] for place in range(0, len(given), 2)]
    kept = [word for pair in pairs if pair[0] not in arguments for word in pair]
    steps = () if "--steps" in arguments else ("--steps", "1")
    assert command(*kept, *steps, *arguments, "--no-html") == code
    assert said in capsys.readouterr().err
    assert not Path("biasscope-report").exists()


def test_help_needs_no_torch() -> None:
    code = "import sys; from biasscope.analyze import main; main(['augmentation', '--help']); "
    code += "print([name for name in ('torch', 'matplotlib', 'polars') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    assert "--target" in done.stdout
