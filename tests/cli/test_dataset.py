"""`dataset` through the public command: answer on stdout, report in the folder, exit codes, nothing else."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from biasscope.report.model import decode
from biasscope.report.render import render
from tests.cli.conftest import Program

HEAVY = {"torch", "torchvision", "captum", "seaborn", "matplotlib", "scipy", "sklearn", "polars", "datasets"}
NAMING = """
import sys
from biasscope.analyze import main
code = main(sys.argv[1:])
sys.stderr.write("MODULES " + " ".join({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""
"""The program, which names in the end what it has imported."""
Default = tuple[Path, "subprocess.CompletedProcess[str]", set[str]]


def importing(folder: Path, *arguments: str) -> tuple["subprocess.CompletedProcess[str]", set[str]]:
    """Run the program in a folder, and give the packages that it has imported, too."""
    command = [sys.executable, "-W", "error", "-c", NAMING, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done, set(done.stderr.rpartition("MODULES ")[2].split())


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory, fonts: None) -> Default:
    """Folder, answer and imports of the question without anything given."""
    folder = tmp_path_factory.mktemp("default")
    return folder, *importing(folder, "dataset")


def test_embedded_default_answers_and_finds_the_law(default: Default) -> None:
    folder, done, _ = default
    report = decode((folder / "biasscope-report" / "report.json").read_bytes())
    classes = report.result("position").table("classes")
    verdicts = dict(zip(classes["label"], classes["verdict"], strict=True))
    assert {digit for digit, verdict in verdicts.items() if verdict == "non-uniform"} == set("56789")
    assert any("SIMULATED" in sentence for sentence in report.answer)
    assert "report.html" in done.stdout
    assert {result.kind for result in report.results} >= {
        "position",
        "scale",
        "splits",
        "repair",
        "leakage",
        "integrity",
    }
    assert 3 <= len(report.headline) <= 5


def test_html_is_a_view_of_the_json_byte_for_byte(here: Program, coco: Path, tmp_path: Path) -> None:
    assert here("dataset", coco, "--output", "out").returncode == 0
    data = (tmp_path / "out" / "report.json").read_bytes()
    page = (tmp_path / "out" / "report.html").read_bytes()
    assert render(decode(data)) == page
    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;alert(1)" in page


def test_same_seed_same_bytes_except_times(program: Program, here: Program, coco: Path, tmp_path: Path) -> None:
    reports = []
    for name, run in (("a", program), ("b", here)):  # two processes, of which each hashes in its own way
        assert run("dataset", coco, "--output", name, "--no-html", "--seed", 7).returncode == 0
        report = decode((tmp_path / name / "report.json").read_bytes())
        timeless = msgspec.structs.replace(report.provenance, started="", seconds=0.0)
        reports.append(msgspec.structs.replace(report, provenance=timeless))
    assert reports[0] == reports[1]
    assert not (tmp_path / "a" / "report.html").exists()


def test_json_on_stdout_is_the_report_and_nothing_else(here: Program, coco: Path, tmp_path: Path) -> None:
    done = here("dataset", coco, "--format", "json", "--no-html")
    assert decode(done.stdout.encode()) == decode((tmp_path / "biasscope-report" / "report.json").read_bytes())


def test_quiet_says_nothing(program: Program, coco: Path) -> None:
    done = program("dataset", coco, "--quiet", "--no-html", "--no-leakage")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_quiet_says_nothing_with_torch_either(program: Program, coco: Path) -> None:
    done = program("dataset", coco, "--augment", "RandomHorizontalFlip()", "--no-html", "--no-leakage", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bad_boxes_are_listed_and_strict_exits_with_3(here: Program, coco: Path, tmp_path: Path) -> None:
    assert here("dataset", coco, "--no-html", "--no-leakage").returncode == 0
    integrity = decode((tmp_path / "biasscope-report" / "report.json").read_bytes()).result("integrity")
    rows = integrity.table("rows")
    assert list(zip(rows["code"], rows["image_id"], strict=True)) == [("outside", "000")]
    strict = here("dataset", coco, "--no-html", "--no-leakage", "--strict", "--output", "strict")
    assert strict.returncode == 3
    assert "--strict" in strict.stderr
    assert (tmp_path / "strict" / "report.json").exists()


def test_the_second_dataset_is_inspected_too(here: Program, coco: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    rows = "".join(f"i{number},1,1,9,9,b,20,20\n" for number in range(30))
    good.write_text(f"image,xmin,ymin,xmax,ymax,label,width,height\n{rows}")
    done = here("dataset", good, "--compare", coco, "--no-html", "--no-leakage", "--strict")
    assert done.returncode == 3
    report = decode((tmp_path / "biasscope-report" / "report.json").read_bytes())
    found = [result for result in report.results if result.kind == "integrity"]
    assert [result.scalar("violations").value for result in found] == [0, 1]
    assert found[1].title.endswith("instances_train.json")
    assert {item.name for item in report.provenance.inputs} == {"good.csv", "instances_train.json"}


def test_input_without_a_usable_box_says_why(here: Program, tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text("image,xmin,ymin,xmax,ymax,label\na,1,1,9,9,b\n")
    done = here("dataset", path)
    assert done.returncode == 3
    assert "boxes.csv:1" in done.stderr
    assert "--sizes" in done.stderr


def test_streaming_gives_the_same_statistics(here: Program, coco: Path, tmp_path: Path) -> None:
    for name, options in (("whole", ()), ("stream", ("--stream",))):
        done = here("dataset", coco, "--no-html", "--no-leakage", "--output", name, *options)
        assert done.returncode == 0, done.stderr
    whole, stream = (decode((tmp_path / name / "report.json").read_bytes()) for name in ("whole", "stream"))
    for kind in ("position", "scale", "integrity"):
        assert whole.result(kind) == stream.result(kind)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ('{"images": [], "annotations": [{"id": 1,', "instances.json"),
        ("[" * 100_000, "instances.json"),
        ('{"images": [], "annotations": [], "categories": []}', "no usable box"),
        ("plain words", "instances.json"),
    ],
)
def test_input_that_cannot_be_read_is_3_and_names_the_file(
    here: Program, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "instances.json"
    path.write_text(content)
    done = here("dataset", path)
    assert done.returncode == 3, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "biasscope-report").exists()


def test_a_missing_path_is_3(program: Program) -> None:
    done = program("dataset", "nowhere.json")
    assert done.returncode == 3
    assert "nowhere.json" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dataset", "--per-image", "two"], "--per-image"),
        (["dataset", "--alpha", "2"], "--alpha"),
        (["dataset", "--columns", "x0"], "--columns"),
        (["dataset", "--columns", "x0=left, x0 = right"], "'x0' is named twice"),
        (["dataset", "--unknown"], "--unknown"),
        (["dataset", "--format-in", "coca"], "coco"),
        (["dataset", "--augment", "RandomResizedCrap(224)"], "RandomResizedCrop"),
        (["dataset", "--evaluation", "CenterCrap(32)"], "--evaluation: torchvision.transforms.v2 has no transform"),
        (["dataset", "--augment", "__import__('os').system('true')"], "--augment"),
        (["nothing"], "nothing"),
        (["dataset", "--config", "missing.toml"], "missing.toml"),
        (["dataset", "--seed", "99999999999999999999999"], "--seed"),
        (["dataset", "--device", "banana"], "--device"),
        (["dataset", "--compare-box-convention", "edges"], "--compare PATH"),
    ],
)
def test_usage_errors_are_2_and_say_what(here: Program, arguments: list[str], words: str, coco: Path) -> None:
    done = here(*arguments, *([coco] if "coca" in arguments else []))
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_configuration_file_counts_less_than_the_command_line(here: Program, coco: Path, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text('[dataset]\nseed = 3\noutput = "from-file"\nhtml = false\nleakage = false\n')
    assert here("dataset", coco, "--config", "options.toml", "--seed", 4).returncode == 0
    report = decode((tmp_path / "from-file" / "report.json").read_bytes())
    assert report.provenance.seed == 4
    (tmp_path / "options.toml").write_text("[dataset]\nsed = 3\n")
    done = here("dataset", coco, "--config", "options.toml")
    assert done.returncode == 2
    assert "sed" in done.stderr
    assert "options.toml" in done.stderr


@pytest.mark.parametrize("text", ["alpha = 0.3\n", "[other]\nalpha = 0.3\n"])
def test_configuration_that_nothing_reads_is_refused(here: Program, tmp_path: Path, text: str) -> None:
    (tmp_path / "options.toml").write_text(text)
    done = here("dataset", "--config", "options.toml")
    assert done.returncode == 2
    assert "[dataset]" in done.stderr


def test_environment_counts_less_than_the_command_line(here: Program, coco: Path, tmp_path: Path) -> None:
    surroundings = {"BIASSCOPE_DATASET_SEED": "5", "BIASSCOPE_DATASET_OUTPUT": "e", "BIASSCOPE_DATASET_HTML": "false"}
    assert here("dataset", coco, "--no-leakage", environment=surroundings).returncode == 0
    assert decode((tmp_path / "e" / "report.json").read_bytes()).provenance.seed == 5


def test_an_augmentation_of_the_environment_may_have_blanks(here: Program, coco: Path, tmp_path: Path) -> None:
    surroundings = {"BIASSCOPE_DATASET_AUGMENT": "RandomCrop(60, padding=4); CenterCrop(50)"}
    done = here("dataset", coco, "--no-leakage", "--no-html", environment=surroundings)
    assert done.returncode == 0, done.stderr
    report = decode((tmp_path / "biasscope-report" / "report.json").read_bytes())
    found = [result.parameters["augmentation"] for result in report.results if result.kind == "repair"]
    assert found == ["RandomResizedCrop(224)", "RandomCrop(60, padding=4)", "CenterCrop(50)"]


def test_the_evaluation_may_stand_in_the_environment_and_in_a_file(here: Program, coco: Path, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text('[dataset]\nevaluation = "Resize(80), CenterCrop(64)"\nleakage = false\n')
    surroundings = {"BIASSCOPE_DATASET_EVALUATION": "Resize(40), CenterCrop(32)"}
    for environment, text in ((surroundings, "Resize(40), CenterCrop(32)"), ({}, "Resize(80), CenterCrop(64)")):
        done = here("dataset", coco, "--config", "options.toml", "--no-html", environment=environment)
        assert done.returncode == 0, done.stderr
        report = decode((tmp_path / "biasscope-report" / "report.json").read_bytes())
        assert report.result("repair").parameters["evaluation"] == f"Compose([{text}])"
        assert report.provenance.command[-3:] == ["--evaluation", text, "--no-leakage"]


def test_the_page_of_an_earlier_report_goes_and_this_is_said(here: Program, coco: Path, tmp_path: Path) -> None:
    folder = tmp_path / "biasscope-report"
    for quiet, words in ((), "report.html was removed"), (("--quiet",), ""):
        assert here("dataset", coco, "--no-leakage").returncode == 0
        done = here("dataset", coco, "--no-leakage", "--no-html", *quiet)
        assert words in done.stderr
        assert bool(done.stderr) == bool(words)
        assert [item.name for item in folder.iterdir()] == ["report.json"]


def test_output_that_cannot_be_written_is_3(here: Program, coco: Path, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("mine")
    done = here("dataset", coco, "--no-leakage", "--no-html", "--output", "occupied")
    assert done.returncode == 3
    assert "--output" in done.stderr
    assert (tmp_path / "occupied").read_text() == "mine"


def _tiny_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


def test_a_full_disk_is_3_and_leaves_the_old_report(program: Program, coco: Path, tmp_path: Path) -> None:
    assert program("dataset", coco, "--no-leakage", "--no-html").returncode == 0
    path = tmp_path / "biasscope-report" / "report.json"
    before = path.read_bytes()
    done = program("dataset", coco, "--no-leakage", "--no-html", "--no-cache", preexec_fn=_tiny_disk)
    assert done.returncode == 3, done.stderr
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["report.json"]


def test_an_interrupt_is_130_and_leaves_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import biasscope.pipeline.dataset as d, sys\n"
        "def stop(*a, **k): raise KeyboardInterrupt\n"
        "d.analyze_dataset = stop\n"
        "from biasscope.analyze import main; sys.exit(main(['dataset']))",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert not list(tmp_path.glob("biasscope-report*"))


def test_a_defect_is_4_and_debug_shows_where(tmp_path: Path) -> None:
    code = (
        "import biasscope.pipeline.dataset as d, sys\n"
        "def stop(*a, **k): raise RuntimeError('boom')\n"
        "d.analyze_dataset = stop\n"
        "from biasscope.analyze import main; sys.exit(main(sys.argv[1:]))"
    )
    plain, debug = (
        subprocess.run(
            [sys.executable, "-c", code, "dataset", *more], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for more in ([], ["--debug"])
    )
    assert (plain.returncode, debug.returncode) == (4, 4)
    assert "Traceback" not in plain.stderr
    assert "boom" in plain.stderr
    assert "Traceback" in debug.stderr


def test_a_full_disk_behind_stdout_is_3(coco: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m biasscope.analyze dataset {coco} --no-html --no-leakage > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "stdout" in done.stderr
    assert "Exception" not in done.stderr


def test_a_closed_pipe_is_not_an_error(tmp_path: Path, coco: Path) -> None:
    command = f"{sys.executable} -m biasscope.analyze dataset {coco} --no-html --no-leakage --format json | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=tmp_path, capture_output=True, check=False)
    assert done.stderr == b""
    assert json.dumps("kind").encode() in done.stdout + b'"kind"'


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        (["--help"], HEAVY),
        (["dataset", "--help"], HEAVY),
        (["dataset", "--no-html", "--no-leakage"], {"torch", "torchvision", "seaborn", "matplotlib", "captum"}),
    ],
)
def test_only_what_is_needed_is_imported(arguments: list[str], never: set[str], tmp_path: Path) -> None:
    _, modules = importing(tmp_path, *arguments)
    assert "biasscope" in modules
    assert not modules & never


def test_the_embedded_default_needs_no_torch(default: Default) -> None:
    _, _, modules = default
    assert "seaborn" in modules
    assert not modules & {"torch", "torchvision", "captum"}
