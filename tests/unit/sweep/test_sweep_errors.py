import pytest
import torch
from torch import nn

from biasscope.core.errors import InputError, UsageError
from biasscope.models import Preprocessing
from biasscope.models.device import resolve_device
from biasscope.sweep import sweep
from tests.unit.sweep.toys import CLASSES, SIDE, Listener, Roll, TinyNet, loaded, source


class Returns(TinyNet):
    """Network whose answer is wrapped by a function."""

    def __init__(self, wrap):
        super().__init__()
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(super().forward(x))


class NaNForDark(TinyNet):
    """Network that fails on pictures with a dark corner."""

    def forward(self, x):
        out = super().forward(x)
        return out.where((x[:, 0, 0, 0] > -1.9)[:, None], float("nan"))


class Output:
    def __init__(self, logits):
        self.logits = logits


def run(net, count=3, transformation=None, **options):
    return sweep(loaded(net, **options), source(count), transformation or Roll(1), batch=4)


def test_outputs_with_logits_are_taken():
    plain = sweep(loaded(), source(3), Roll(1), batch=4)
    assert torch.equal(run(Returns(Output)).predictions, plain.predictions)
    assert torch.equal(run(Returns(lambda out: {"aux": -out, "logits": out})).predictions, plain.predictions)


@pytest.mark.parametrize("wrap", [lambda out: (out, out), lambda out: {"scores": out}, lambda out: None])
def test_other_outputs_are_refused(wrap):
    with pytest.raises(UsageError, match=r"^module:Returns: the model returns (tuple|dict|NoneType), not a tensor"):
        run(Returns(wrap))


@pytest.mark.parametrize("wrap", [lambda out: out[..., None], lambda out: out[:, 0], lambda out: out[:1]])
def test_outputs_of_another_shape_are_refused(wrap):
    with pytest.raises(UsageError, match=r"for 2 pictures the model gives shape \(.*\(pictures, classes\)"):
        run(Returns(wrap))


def test_a_size_that_the_model_does_not_take():
    net = nn.Sequential(nn.Flatten(), nn.Linear(100, CLASSES))
    with pytest.raises(UsageError) as raised:
        run(net)
    assert f"1 x {SIDE} x {SIDE} (channels x height x width)" in raised.value.what
    assert "mat1 and mat2" in raised.value.what
    assert "size=" in raised.value.hint


def test_channels_that_the_model_does_not_take():
    with pytest.raises(UsageError, match="3 x 12 x 12"):
        run(TinyNet(), preprocessing=Preprocessing((SIDE, SIDE), None))


def test_names_that_are_not_as_many_as_the_outputs():
    with pytest.raises(InputError, match="gives 5 classes and has 2 names"):
        run(TinyNet(), class_names=["a", "b"])


def test_labels_beyond_the_classes_are_found_before_the_sweep():
    pictures = source(4)
    pictures.highest_label = 7
    with pytest.raises(InputError, match="labels go up to 7"):
        sweep(loaded(), pictures, Roll(1))


def test_a_label_of_a_stream_beyond_the_classes():
    with pytest.raises(InputError, match="label 3"):
        sweep(loaded(TinyNet(3)), source(5, seed=2, known=False), Roll(1))


def test_outputs_that_are_not_finite_name_the_model_and_the_pictures():
    pictures = source(9)
    for number, picture in enumerate(pictures.pictures):
        picture.pixels[:] = 0 if number in (2, 5) else 200
    with pytest.raises(InputError) as raised:
        sweep(loaded(NaNForDark()), pictures, Roll(1), batch=4, label="the net")
    assert "2 pictures (picture-2, picture-5)" in raised.value.what
    assert raised.value.where == "the net"


def test_infinite_outputs_are_refused_and_excluded_classes_are_not():
    with pytest.raises(InputError, match="not finite"):
        run(Returns(lambda out: out.clone().index_fill_(1, torch.tensor([1]), float("inf"))))
    found = run(Returns(lambda out: out.clone().index_fill_(1, torch.tensor([1]), float("-inf"))))
    assert not (found.predictions == 1).any()


def test_equal_outputs_answer_with_the_first_and_are_not_more_probable():
    found = run(Returns(lambda out: torch.zeros_like(out)), count=6)
    assert not found.predictions.any()
    assert found.rank_true[:, found.targets >= 0].unique().tolist() == [0]
    assert found.rank_true[:, found.targets < 0].unique().tolist() == [-1]
    torch.testing.assert_close(found.p_top, torch.full_like(found.p_top, 1 / CLASSES))


ONE = Returns(lambda out: out[:, 2:3])


def test_one_output_is_the_logit_of_yes():
    pictures, model = source(9, label=False), loaded(ONE)
    found = sweep(model, pictures, Roll(1), batch=4)
    ready = torch.stack([model.preprocessing(picture.pixels) for picture in pictures])
    logits = torch.stack([model(ready.roll(tuple(shift), (2, 3)))[:, 0] for shift in Roll(1).offsets.tolist()])
    assert 0 < (logits > 0).float().mean() < 1
    assert torch.equal(found.predictions, (logits > 0).long())
    torch.testing.assert_close(found.p_top, torch.sigmoid(logits.abs()))
    assert found.notes[1].startswith("module:Returns gives one number a picture, which is read as a logit")
    two = sweep(loaded(TinyNet(2)), pictures, Roll(1))
    assert not any("one number" in note for note in two.notes)


@pytest.mark.parametrize(
    ("given", "names"), [(["cat"], ("not cat", "cat")), (["no", "yes"], ("no", "yes")), (None, None)]
)
def test_names_of_one_output(given, names):
    pictures = source(3, label=False)
    assert sweep(loaded(ONE, class_names=given), pictures, Roll(1)).class_names == names
    with pytest.raises(InputError, match="gives 1 classes and has 3 names"):
        sweep(loaded(ONE, class_names=["a", "b", "c"]), pictures, Roll(1))


def test_labels_of_one_output_are_no_and_yes():
    assert sweep(loaded(ONE), source(2), Roll(1)).targets.tolist() == [0, 1]


def test_a_network_that_fails_later_has_failed_itself():
    calls = []

    def fail(out):
        calls.append(1)
        if len(calls) > 2:
            raise ValueError("enough")
        return out

    with pytest.raises(
        UsageError, match=r"Returns: the network itself fails on a picture \(1, 12, 12\) with ValueError"
    ):
        run(Returns(fail), count=9)


def test_ranks_do_not_drown_in_rounding():
    certain = torch.tensor([0.0, 200.0, 30.0, 29.0, 300.0])
    found = run(Returns(lambda out: certain.expand(len(out), -1)), count=4)
    assert found.rank_true[0].tolist() == [4, 1, -1, 3]
    assert found.p_true[0, 0] == found.p_true[0, 3] == 0


def test_pictures_that_are_refused_are_listed_and_left_out():
    found = sweep(loaded(), source(5), Roll(1, refuses=("picture-0", "picture-3")), batch=2)
    assert found.image_ids == ("picture-1", "picture-2", "picture-4")
    assert [problem.image_id for problem in found.problems] == ["picture-0", "picture-3"]
    expected = sweep(loaded(), source(5), Roll(1), batch=2)
    torch.testing.assert_close(found.p_top, expected.p_top[:, [1, 2, 4]])


def test_whole_blocks_that_are_refused():
    pictures = source(6)
    refuses = tuple(picture.image_id for picture in pictures.pictures[:4])
    listener = Listener()
    found = sweep(loaded(), pictures, Roll(1, refuses=refuses), batch=2, progress=listener)
    assert found.image_ids == ("picture-4", "picture-5")
    assert found.floors["batch layout"].n == 2
    assert listener.done == listener.total == 54


def test_strict_lists_everything_and_the_model_does_not_run():
    calls, listener = [], Listener()
    net = Returns(lambda out: calls.append(1) or out)
    with pytest.raises(InputError, match="problems with pictures: 2"):
        sweep(
            loaded(net),
            source(5, broken=("picture-1",)),
            Roll(1, refuses=("picture-3",)),
            strict=True,
            progress=listener,
        )
    assert not calls
    assert [text.partition(":")[0] for text in listener.said] == ["picture-1", "picture-3"]
    assert len(sweep(loaded(net), source(5), Roll(1), strict=True)) == 5


@pytest.mark.parametrize(("count", "refuses"), [(0, ()), (2, ("picture-0", "picture-1"))])
def test_nothing_that_can_be_used(count, refuses):
    with pytest.raises(InputError, match="there is no picture"):
        sweep(loaded(), source(count), Roll(1, refuses=refuses))


@pytest.mark.parametrize(
    "options",
    [
        {"batch": 0},
        {"batch": 2.5},
        {"floor": -1},
        {"amp": "int8"},
        {"shard": (2, 2)},
        {"tta": (0,)},
        {"device": "abacus"},
        {"device": "cuda:99"},
    ],
)
def test_options_that_cannot_be_meant(options):
    with pytest.raises(UsageError):
        sweep(loaded(), source(2), Roll(1), **options)


def test_unknown_protocols_are_usage_errors():
    with pytest.raises(UsageError, match="circularr"):
        sweep(loaded(), source(2), "circularr")


@pytest.mark.parametrize("nothing", [None, 3, Roll])
def test_what_is_no_transformation_is_a_usage_error(nothing):
    with pytest.raises(UsageError, match="is no transformation"):
        sweep(loaded(), source(2), nothing)


def test_sources_of_different_shapes_are_a_defect_of_the_transformation():
    class Uneven(Roll):
        def source(self, picture, preprocessing, index):
            return super().source(picture, preprocessing, index)[:, : 12 - index]

    with pytest.raises(UsageError, match=r"different shapes: \(1, 11, 12\) after \(1, 12, 12\)"):
        sweep(loaded(), source(3), Uneven(1))


def test_devices():
    assert resolve_device("cpu") == resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps", "xpu")
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        resolve_device("abacus")


def test_an_error_of_the_source_comes_through():
    class Broken(type(source())):
        def __iter__(self):
            yield from self.pictures[:2]
            raise OSError("the disk is gone")

    pictures = source(9)
    pictures.__class__ = Broken
    with pytest.raises(OSError, match="the disk is gone"):
        sweep(loaded(), pictures, Roll(1), batch=2)


def test_a_folder_with_a_damaged_file(tmp_path):
    from PIL import Image

    for name, class_name in (("one", "0"), ("two", "1"), ("three", "1")):
        (tmp_path / class_name).mkdir(exist_ok=True)
        Image.effect_noise((30, 20), 80).convert("RGB").save(tmp_path / class_name / f"{name}.jpg")
    whole = (tmp_path / "1" / "two.jpg").read_bytes()
    (tmp_path / "1" / "two.jpg").write_bytes(whole[: len(whole) // 2])
    found = sweep(loaded(), tmp_path, "circular")
    assert found.targets.tolist() == [0, 1]
    assert [problem.image_id for problem in found.problems if not problem.used] == ["1/two.jpg"]
    with pytest.raises(InputError, match=r"problems with pictures: 1 \(1/two\.jpg"):
        sweep(loaded(), str(tmp_path), "circular", strict=True)


@pytest.mark.parametrize(
    ("classes", "squash", "seen"),
    [
        (CLASSES, lambda out: out.softmax(1), "those of a picture add up to 1"),
        (CLASSES, lambda out: out.softmax(1).half(), "those of a picture add up to 1"),
        (1, torch.sigmoid, "all lie between 0 and 1"),
    ],
)
def test_probabilities_where_scores_are_expected_are_told(classes, squash, seen):
    net = Returns(squash)
    net.head = TinyNet(classes).head
    found = run(net)
    assert seen in found.notes[0]
    assert found.notes[0].startswith("module:Returns seems to give probabilities, not scores: ")


@pytest.mark.parametrize("count", [1, 3])
def test_networks_that_squeeze_the_axis_of_one_picture_are_those_that_do_not(count):
    found, plain = (sweep(loaded(net), source(count), Roll(1), batch=1) for net in (Returns(torch.squeeze), TinyNet()))
    assert torch.equal(found.p_top, plain.p_top)
    assert found.floors == plain.floors


class Single(torch.Tensor):
    """On an accelerator without float64, as far as what is made of the answers of a network goes."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        out = super().__torch_function__(func, types, args, kwargs or {})
        if getattr(func, "__name__", "") == "cpu":
            return out.as_subclass(torch.Tensor)
        if isinstance(out, cls) and out.dtype == torch.float64:
            raise TypeError("there is no float64 on this device")
        return out


def test_float64_is_not_asked_of_an_accelerator():
    plain, found = run(TinyNet()), run(Returns(lambda out: out.as_subclass(Single)))
    assert found.floors == plain.floors
    assert torch.equal(found.p_top, plain.p_top)


@pytest.mark.parametrize("classes", [CLASSES, 1])
def test_scores_are_not_taken_for_probabilities(classes):
    assert not any("seems to give" in note for note in run(TinyNet(classes)).notes)
    logs = Returns(lambda out: out.log_softmax(1) if classes > 1 else out)
    logs.head = TinyNet(classes).head
    assert not any("seems to give" in note for note in run(logs).notes)
