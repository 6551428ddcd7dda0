"""Options of all commands: what is refused and how, in the command line, the environment and a configuration file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from biasscope.analyze import COMMANDS, build, main
from biasscope.commands.configuration import kinds


def of_type(kind: object) -> Iterator[tuple[str, str]]:
    """Commands with each of their options that holds a type."""
    app = build()
    for command in COMMANDS:
        for name, hint in kinds(app[command]):
            if hint == kind or hint == kind | None:  # type: ignore[operator]
                yield command, name


WHOLE = list(of_type(int))
FRACTIONS = list(of_type(float))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def arguments(command: str) -> list[str]:
    return {"run": ["run", "a.toml"], "compare": ["compare", "a", "b"], "gate": ["gate", "a"]}.get(command, [command])


def test_the_types_are_known() -> None:
    assert {("augmentation", "seeds"), ("layers", "limit"), ("dataset", "minimum"), ("run", "seed")} < set(WHOLE)
    assert {("augmentation", "epochs"), ("augmentation", "rate"), ("dataset", "alpha")} < set(FRACTIONS)


@pytest.mark.parametrize(("command", "name"), WHOLE)
def test_whole_numbers_are_not_rounded(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(command), f"--{name}", "1.5"]) == 2
    assert said(capsys) == f"biasscope: --{name}: '1.5' is no whole number. Write digits alone, such as 20.\n"


@pytest.mark.parametrize("text", ["1e3", "nan", "inf", "", "2.0", "-1.5", "many", "0x10", "1" * 5000])
def test_what_is_no_whole_number(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["augmentation", f"--seeds={text}"]) == 2
    assert said(capsys).startswith(f"biasscope: --seeds: {text!r} is no whole number.")


@pytest.mark.parametrize(("command", "name"), FRACTIONS)
@pytest.mark.parametrize("text", ["high", ""])
def test_what_is_no_number(command: str, name: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments(command), f"--{name}", text]) == 2
    assert said(capsys) == f"biasscope: --{name}: {text!r} is no number. Write one such as 0.05.\n"


@pytest.mark.parametrize(("command", "name"), FRACTIONS)
@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_numbers_that_nothing_can_be_done_with(
    command: str, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(command), f"--{name}={text}"]) == 2
    assert said(capsys).startswith(f"biasscope: --{name}: {text} is out of range.")


def test_whole_numbers_of_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BIASSCOPE_LAYERS_LIMIT", "1.5")
    assert main(["layers"]) == 2
    assert said(capsys).startswith("biasscope: BIASSCOPE_LAYERS_LIMIT: '1.5' is no whole number.")


@pytest.mark.parametrize("text", ["1.5", "x"])
def test_training_sizes_are_whole_numbers(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["augmentation", "--train-images", f"30,{text}"]) == 2
    assert said(capsys).startswith(f"biasscope: --train-images: {text!r} is no whole number.")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("minimum = 1.5", " minimum: 1.5 is no whole number. Write digits alone, such as 20."),
        ('minimum = "many"', " minimum: 'many' is no whole number."),
        ("minimum = true", " minimum: true is no whole number."),
        ("minimum = [10, 20]", " minimum: [10, 20] is no whole number."),
        ("minimum = { a = 1 }", " minimum: {'a': 1} is no whole number."),
        ("minimum = 2024-01-01", " minimum: 2024-01-01 is no whole number."),
        ("seed = 0.0", " seed: 0.0 is no whole number."),
        ('alpha = "high"', " alpha: 'high' is no number. Write one such as 0.05."),
        ("leakage = 3", " leakage: 3 is neither true nor false. Say true or false."),
        ('correction = "none"', " correction: 'none' is none of the choices. They are bh, by, holm."),
        ("output = 3", " output: 3 is no text. Put it in quotes."),
        ('images = ["a", "b"]', " images: ['a', 'b'] is no text."),
        ("augment = [true]", " augment: true is no text."),
        ('alhpa = "high"', ": there is no option 'alhpa'. Did you mean 'alpha'?"),
        ("no_html = true", ": there is no option 'no_html'. Say html=false."),
    ],
)
def test_values_of_a_configuration(
    line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("options.toml").write_text(f"[dataset]\n{line}\n")
    assert main(["dataset", "--config", "options.toml"]) == 2
    assert said(capsys).startswith(f"biasscope: options.toml: [dataset]{words}")


def test_a_configuration_may_say_one_item_and_a_text_in_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("options.toml").write_text('[augmentation]\ntarget = 0.9\nmodel = "small:4"\ntrain_images = [30]\nbatch = 0\n')
    assert main(["augmentation", "--config", "options.toml"]) == 2
    assert said(capsys).startswith("biasscope: --batch: 0 is out of range.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["dataset", "--alpah", "3"], "Unknown option: --alpah. Did you mean --alpha?"),
        (["datset"], 'Unknown command "datset". Did you mean "dataset"?'),
        (["gate", "a"], 'Command "gate" parameter --gates requires an argument.'),
        (["layers", "--protocol", "crops"], "--protocol: 'crops' is none of the choices. They are circular"),
        (["layers", "--blame=maybe"], "--blame: 'maybe' is neither true nor false. Say true or false."),
    ],
)
def test_errors_of_the_parser_have_the_form_of_all_others(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(given) == 2
    assert said(capsys).startswith(f"biasscope: {words}")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_names_an_environment_variable_of_the_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main([command, "--help"]) == 0
    after = capsys.readouterr().out.partition("in the environment, as ")[2]
    command_in_name, _, option = after.partition(".")[0].removeprefix("BIASSCOPE_").partition("_")
    assert command_in_name.lower() == command
    assert option.lower() in dict(kinds(build()[command]))


@pytest.mark.parametrize("variable", ["DATASET_PATHS", "DUE_PATHS", "COMPARE_A", "GATE_REPORT"])
def test_paths_have_no_place_in_the_environment(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"BIASSCOPE_{variable}", str(tmp_path))
    assert main(arguments(variable.partition("_")[0].lower())) == 2
    assert said(capsys).startswith(f"biasscope: BIASSCOPE_{variable}: a variable cannot name paths. Say them on the")


PATHS = [
    ("dataset", ""),
    ("dataset", "--output="),
    ("invariance", "--classes-file="),
    ("run", ""),
    ("due", "--output="),
]
PATHS += [("compare", ""), ("gate", ""), ("schedule", "--folder="), ("dataset", "--config=")]


@pytest.mark.parametrize(("command", "given"), PATHS)
def test_an_empty_path_is_not_the_working_folder(
    command: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a variable of the shell that is not set."""
    monkeypatch.chdir(tmp_path)
    more = {"compare": ["b"], "gate": ["--gates", "g.toml"], "schedule": ["show"]}.get(command, [])
    assert main([command, given, *more]) == 2
    assert "the path is empty. Is a variable of the shell not set?" in said(capsys)
    assert not list(tmp_path.iterdir())


TOO_LONG = "a" * 300


@pytest.mark.parametrize(("command", "given"), PATHS)
def test_a_name_that_no_file_can_have_is_refused_before_anything_runs(
    command: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    more = {"compare": ["b"], "gate": ["--gates", "g.toml"], "schedule": ["show"]}.get(command, [])
    assert main([command, f"{given}{TOO_LONG}", *more]) == 2
    assert "too long" in said(capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["invariance", "layers", "augmentation"])
def test_so_is_one_that_may_be_a_name_of_something_else(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--images", TOO_LONG]) == 2
    assert said(capsys) == f"biasscope: the name is too long for a file or folder ({TOO_LONG[:30]}...)\n"


@pytest.mark.parametrize("option", ["--images", "--held-out"])
def test_an_empty_source_is_not_the_default(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["augmentation", option, ""]) == 2
    assert said(capsys).startswith(f"biasscope: {option}: the name is empty.")


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("DATASET_COLUMNS", "x0=xmin; x0=xmax", "--columns: 'x0' is named twice"),
        ("DATASET_AUGMENT", "Resize(4); RandomCrop(30, pading=4)", "RandomCrop does not take these arguments"),
        ("LAYERS_MODEL", "file:my net.safetensors?arch=cifar_resnet20", "my net.safetensors"),
        ("AUGMENTATION_COPIES", "1, 2; x", "'x'"),
        ("INVARIANCE_PROTOCOL", "crop; embde", "no protocol is called 'embde'"),
    ],
)
def test_semicolons_stand_between_values_of_the_environment(
    variable: str, text: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"BIASSCOPE_{variable}", text)
    assert main([variable.partition("_")[0].lower()]) in (2, 3)
    assert words in said(capsys)


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("DATASET_ALPAH", "there is no option 'ALPAH'. Did you mean 'ALPHA'?"),
        ("DATASET_ALPHA_", "there is no option 'ALPHA_'. Did you mean 'ALPHA'?"),
        ("DATASET_XYZZY", "there is no option 'XYZZY'. See dataset --help."),
        ("DATASET_NO_HTML", "there is no option 'NO_HTML'. Say HTML=false."),
        ("DATASET_DEBUG", "a variable cannot ask for debugging. Say --debug on the command line"),
        ("DATASET_CONFIG", "a variable cannot name the configuration file. Say it on the command line"),
        ("DUE_TINNY", "there is no option 'TINNY'. Did you mean 'TINY'?"),
    ],
)
def test_a_variable_that_no_option_has_is_refused_as_such_a_key_is(
    variable: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"BIASSCOPE_{variable}", "3")
    assert main([variable.partition("_")[0].lower()]) == 2
    assert said(capsys).startswith(f"biasscope: BIASSCOPE_{variable}: {words}")


def test_variables_of_other_commands_and_of_ones_own_are_nothing_to_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("LAYERS_XYZZY", "REAL_DATA", "DATASETS", "DATASET"):
        monkeypatch.setenv(f"BIASSCOPE_{variable}", "3")
    assert main(["dataset", "--alpha", "2"]) == 2
    assert said(capsys).startswith("biasscope: --alpha: 2.0 is out of range.")


@pytest.mark.parametrize("given", ["", ",", " , "])
def test_columns_that_name_none_are_refused(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["dataset", "--columns", given]) == 2
    assert said(capsys) == "biasscope: --columns: no column is named. Write x0=xmin,y0=ymin and so on.\n"


@pytest.mark.parametrize("option", ["config", "debug"])
def test_what_is_looked_for_before_the_file_has_no_place_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    path = tmp_path / "options.toml"
    path.write_text(f"[dataset]\n{option} = true\n")
    assert main(["--config", str(path), "dataset", "boxes.csv"]) == 2
    assert f"{option} has no place in a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("augmentation", "--shifts"),
        ("augmentation", "--angles"),
        ("augmentation", "--test-shifts"),
        ("augmentation", "--test-angles"),
        ("invariance", "--grid"),
        ("invariance", "--angles"),
        ("layers", "--grid"),
        ("layers", "--shifts"),
    ],
)
def test_ranges_may_begin_with_a_minus_sign(command: str, option: str) -> None:
    _, bound, _ = build().parse_args([command, option, "-30..30:10"])
    assert "-30..30:10" in bound.arguments.values()


@pytest.mark.parametrize("following", [["--limit", "3"], ["-o", "there"], ["--no-html"], ["-q"]])
def test_an_option_is_not_taken_as_the_range_that_was_left_away(
    following: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["layers", "--grid", *following]) == 2
    assert said(capsys).startswith(f"biasscope: --grid: {following[0]!r} is an option, not its value.")
