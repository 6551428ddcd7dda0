"""Specifications, sources, preprocessing, and files that nobody vouches for."""

import copy
import hashlib
import json
import pickle
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from biasscope.core.errors import BiasscopeError, InputError, UsageError
from biasscope.core.registry import Registry
from biasscope.models import SCHEMES, Preprocessing, load_model, surgery_table, weights_sha256
from biasscope.models.architectures import ARCHITECTURES, architecture
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.checkpoints import read_checkpoint
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from biasscope.models.small import cache
from biasscope.models.small.recipe import RECIPES, Recipe
from biasscope.models.small.train import train


def state(seed=0):
    torch.manual_seed(seed)
    return CifarResNet(20).state_dict()


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(to_safetensors(state(), {"source": "made for the test"}))
    return path


def spec_of(path, arch="cifar_resnet20", rest=""):
    return f"file:{path}?arch={arch}{rest}"


def test_every_scheme_and_architecture_can_be_imported():
    assert isinstance(SCHEMES, Registry)
    assert set(SCHEMES) == {"torchvision", "timm", "file", "small", "python"}
    for name in SCHEMES:
        assert callable(SCHEMES.load(name))
    for name in ARCHITECTURES:
        assert isinstance(architecture(name).build(), nn.Module)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet18", "does not specify a model"),
        ("torchvision:", "does not specify a model"),
        ("hub:resnet18", "no model scheme is called 'hub'"),
        ("torchvision:resnet19@none", "Did you mean resnet1"),
        ("torchvision:resnet18@V9", "There are: IMAGENET1K_V1"),
        ("torchvision:resnet18@none?colour=3", "unknown option 'colour'"),
        ("torchvision:resnet18@none?seed=1&seed=2", "given twice"),
        ("torchvision:resnet18@none?seed", "not key=value"),
        ("torchvision:resnet18@none?seed=-1", "whole number"),
        ("torchvision:squeezenet1_1@none?padding=valid", "padding must be same"),
        ("torchvision:squeezenet1_1@none?std=0", "std must be"),
        ("torchvision:squeezenet1_1@none?mean=1,2", "mean must be"),
        ("torchvision:squeezenet1_1@none?interpolation=magic", "interpolation must be"),
        ("small:cats", "There are: digits4"),
        ("small:digits4?seed=3", "option 'seed' has no effect on small:digits4.*It takes padding, size"),
        ("small:digits4?classes=3", "option 'classes' has no effect"),
        ("torchvision:squeezenet1_1@none?arch=foo", "option 'arch' has no effect.*It takes seed, classes, padding"),
        ("torchvision:squeezenet1_1?seed=1", "option 'seed' has no effect"),
        ("timm:resnet10t?classes=3", "option 'classes' has no effect"),
        ("file:w.pth?arch=cifar_resnet20&seed=1", "option 'seed' has no effect.*It takes arch, classes"),
        ("torchvision:squeezenet1_1@none?mean=nan", "mean must be"),
        ("torchvision:squeezenet1_1@none?std=inf", "std must be"),
        ("timm:no_such_network", "timm has no model"),
        ("file:w.safetensors", "needs one architecture"),
        ("file:w.safetensors?arch=lenet", "no architecture is called 'lenet'"),
    ],
)
def test_wrong_specifications_say_what_is_wrong(spec, message):
    if spec.startswith("timm"):
        pytest.importorskip("timm")
    with pytest.raises(UsageError, match=message):
        load_model(spec)


def test_untrained_networks_depend_on_the_seed_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = load_model("torchvision:squeezenet1_1@none")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(6)
    again, other = (load_model(f"torchvision:squeezenet1_1@none?seed={seed}") for seed in (0, 1))
    assert first.provenance.sha256 == again.provenance.sha256 != other.provenance.sha256
    assert not first.module.training
    assert len(first.class_names) == 1000


def test_untrained_network_with_another_number_of_outputs():
    model = load_model("torchvision:squeezenet1_1@none?classes=7")
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 7)
    assert model.class_names is None
    assert model.provenance.recipe == {"classes": "7"}
    assert len(load_model("torchvision:squeezenet1_1@none?classes=1000").class_names) == 1000


@pytest.mark.parametrize("name", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_segmentation_networks_give_their_maps(name):
    model = load_model(f"torchvision:{name}@none?size=64&classes=5")
    assert model.preprocessing.size == (64, 64)
    assert model.preprocessing.resize is None
    x = torch.rand(1, 3, 64, 64)
    out = model(x)
    assert out.shape == (1, 5, 64, 64)
    assert torch.equal(copy.deepcopy(model.module)(x), out)
    assert model.class_names is None


def test_weights_that_cannot_be_fetched(monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: "/nonexistent/hub")
    monkeypatch.setattr("os.makedirs", lambda *_, **__: None)
    with pytest.raises(UsageError, match="not on this machine") as caught:
        load_model("torchvision:squeezenet1_1")
    assert "@none" in caught.value.hint


def test_timm_network_and_its_absence(monkeypatch):
    pytest.importorskip("timm")
    model = load_model("timm:resnet10t@none")
    assert model.preprocessing.channels == 3
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UsageError, match=r"biasscope\[timm\]"):
        load_model("timm:resnet10t@none")


def test_a_module_is_taken_as_it_is():
    module = nn.Conv2d(1, 2, 3)
    model = load_model(module, class_names=["a", "b"], preprocessing=Preprocessing((8, 8), None, (0.5,), (0.5,)))
    assert model.module is module
    assert not module.training
    assert model.class_names == ("a", "b")
    assert model.preprocessing.channels == 1
    assert model.provenance.parameters == 20
    assert load_model(nn.Conv2d(4, 2, 3)).preprocessing.channels == 4


def test_factory_and_architecture_exclude_each_other(checkpoint):
    assert load_model(f"file:{checkpoint}", factory=CifarResNet).provenance.recipe["arch"] == "factory"
    with pytest.raises(UsageError, match="one architecture or one factory"):
        load_model(spec_of(checkpoint), factory=CifarResNet)
    with pytest.raises(UsageError, match="classes has no effect on a factory"):
        load_model(f"file:{checkpoint}?classes=3", factory=CifarResNet)
    with pytest.raises(UsageError, match="goes with file:"):
        load_model("small:digits8", factory=CifarResNet)


def test_checkpoint_gives_weights_names_and_provenance(checkpoint):
    model = load_model(spec_of(checkpoint, rest="&size=40&mean=0.5&padding=same"))
    reference = CifarResNet(20)
    reference.load_state_dict(state())
    assert model.provenance.sha256 == weights_sha256(reference)
    assert model.provenance.source == "file w.safetensors"
    assert model.provenance.recipe["file note: source"] == "made for the test"
    assert len(model.provenance.recipe["file_sha256"]) == 64
    assert model.class_names[0] == "airplane"
    assert model.preprocessing.size == (40, 40)
    assert model.preprocessing.mean == (0.5, 0.5, 0.5)
    assert surgery_table(model.module).names == ["layer2.0.conv1", "layer3.0.conv1"]


def test_a_file_cannot_speak_for_its_own_provenance(tmp_path):
    path = tmp_path / "w.safetensors"
    lies = {"file": "other", "file_sha256": "0" * 64, "arch": "torchvision:resnet50", "source": "trusted", "seed": "9"}
    path.write_bytes(to_safetensors(state(), lies))
    provenance = load_model(spec_of(path)).provenance
    facts = {key: value for key, value in provenance.recipe.items() if not key.startswith("file note: ")}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts == {"file": "w.safetensors", "file_sha256": digest, "arch": "cifar_resnet20"}
    assert {key: provenance.recipe[f"file note: {key}"] for key in lies} == lies
    assert provenance.source == "file w.safetensors"


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}, "epoch": 3}]
)
def test_pth_files_of_tensors_in_their_usual_wrappings(tmp_path, checkpoint, wrap):
    path = tmp_path / "w.pth"
    torch.save(wrap(state()), path)
    assert load_model(spec_of(path)).provenance.sha256 == load_model(spec_of(checkpoint)).provenance.sha256


def test_other_number_of_classes(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(CifarResNet(20, classes=4).state_dict(), path)
    assert load_model(spec_of(path, rest="&classes=4")).class_names is None
    with pytest.raises(InputError, match=r"linear\.weight is 4x64, not 10x64"):
        load_model(spec_of(path))


class Payload:
    """Would write a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize(
    "write", [lambda thing, path: torch.save(thing, path), lambda thing, path: path.write_bytes(pickle.dumps(thing))]
)
def test_pickle_payload_is_not_run(tmp_path, write):
    path, victim = tmp_path / "w.pth", tmp_path / "victim"
    write({"conv1.weight": Payload(str(victim))}, path)
    with pytest.raises(InputError, match=r"not a checkpoint of tensors only|damaged"):
        load_model(spec_of(path))
    assert not victim.exists()


def tampered(change):
    """Safetensors file whose header went through a function."""
    data = to_safetensors({"a": torch.ones(4), "b": torch.zeros(2, 2)}, {})
    length = int.from_bytes(data[:8], "little")
    header = change(json.loads(data[8 : 8 + length]))
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def entry(**changes):
    return lambda header: header | {"a": header["a"] | changes}


GOOD = to_safetensors({"a": torch.ones(4)}, {})
HOSTILE = {
    "empty": (b"", "the header claims 0 bytes"),
    "short": (b"abc", "the header claims"),
    "huge header": ((2**63).to_bytes(8, "little") + b"{}" * 50, "the header claims 9223372036854775808"),
    "truncated": (GOOD[:-4], "file holds 12"),
    "trailing bytes": (GOOD + b"1234", "file holds 20"),
    "not JSON": (tampered(lambda _: b"{]"), "not JSON"),
    "not UTF-8": (tampered(lambda _: b"\xff\xfe"), "not JSON"),
    "deep JSON": (tampered(lambda _: b"[" * 200_000), "not JSON"),
    "twice": (tampered(lambda _: b'{"a": 1, "a": 2}'), "given twice"),
    "a list": (tampered(lambda _: []), "not a JSON object"),
    "no shape": (tampered(lambda h: h | {"a": {}}), "a: the entry has no valid shape"),
    "negative shape": (tampered(entry(shape=[-4])), "no valid shape"),
    "enormous shape": (tampered(entry(shape=[10**30])), "no valid shape"),
    "empty but enormous": (
        tampered(lambda h: h | {"c": {"dtype": "F32", "shape": [0, 10**30], "data_offsets": [0, 0]}}),
        "no valid shape",
    ),
    "empty but overflowing": (
        tampered(lambda h: h | {"c": {"dtype": "F32", "shape": [0, 2**47, 2**47], "data_offsets": [0, 0]}}),
        "no valid shape",
    ),
    "many dimensions": (
        tampered(lambda h: h | {"c": {"dtype": "F32", "shape": [0, *[1] * 1000], "data_offsets": [0, 0]}}),
        "no valid shape",
    ),
    "wrong shape": (tampered(entry(shape=[5])), "does not take 16 bytes"),
    "overlap": (tampered(lambda h: h | {"b": h["a"]}), "starts at byte 0 instead of 16"),
    "outside": (tampered(entry(data_offsets=[1000, 1016])), "instead of"),
    "unknown type": (tampered(entry(dtype="F8_E5M2")), "type 'F8_E5M2' is not supported"),
    "no tensors": (tampered(lambda _: {})[:10], "holds no tensors"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_safetensors_are_refused(tmp_path, case):
    data, message = HOSTILE[case]
    path = tmp_path / "w.safetensors"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_checkpoint(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"\x80\x02}q\x00.", "damaged|no tensors|only"),
        ([torch.ones(1)], "holds a list"),
        ({"conv": "text"}, "'conv' is not a tensor"),
        ({}, "holds no tensors"),
        ({"a": torch.eye(3).to_sparse()}, "'a' is not a dense tensor"),
        ({"a": torch.zeros(2, device="meta")}, "'a' holds no values"),
        ({"a": torch.zeros(1).expand(2**40)}, "'a' claims 1099511627776 values"),
    ],
)
def test_hostile_pth_files_are_refused(tmp_path, content, message):
    path = tmp_path / "w.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=message):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("conv1.weight"), "1 missing \\(conv1.weight\\)"),
        (lambda s: s.update(extra=torch.ones(1)), "1 unexpected \\(extra\\)"),
        (lambda s: s.update({"linear.bias": torch.ones(3)}), "linear.bias is 3, not 10"),
        (lambda s: s.update({"linear.bias": torch.full((10,), torch.nan)}), "1 not finite \\(linear.bias\\)"),
        (lambda s: s.update({"linear.bias": torch.full((3,), torch.nan)}), "linear.bias is 3, not 10[^;]*$"),
        (lambda s: s.update({"bn1.num_batches_tracked": torch.tensor(0.5)}), "float32, not torch.int64"),
        (lambda s: [s.pop(k) for k in list(s)[:9]], "and 3 more"),
    ],
)
def test_weights_that_do_not_fit_are_listed(tmp_path, change, message):
    weights = dict(state())
    change(weights)
    path = tmp_path / "w.safetensors"
    path.write_bytes(to_safetensors(weights, {}))
    with pytest.raises(InputError, match=message):
        load_model(spec_of(path))


def test_quantized_and_complex_weights_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    torch.save(state() | {"linear.bias": torch.zeros(10, dtype=torch.complex64)}, path)
    with pytest.raises(InputError, match=r"linear.bias is torch.complex64, not torch.float32"):
        load_model(spec_of(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save({"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, path)
        with pytest.raises(InputError, match=r"not a dense tensor|damaged|tensors only"):
            read_checkpoint(path)


def test_the_ending_may_be_in_capitals(tmp_path):
    path = tmp_path / "W.SAFETENSORS"
    path.write_bytes(to_safetensors(state(), {}))
    assert len(load_model(spec_of(path)).class_names) == 10


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such checkpoint") as caught:
        load_model(spec_of(tmp_path / "none.pth"))
    assert isinstance(caught.value, BiasscopeError)


def test_safetensors_are_read_as_the_reference_library_writes_them_and_the_other_way_round(tmp_path):
    reference = pytest.importorskip("safetensors.torch")
    kinds = (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.uint8,
        torch.bool,
    )
    tensors = {str(kind): torch.tensor([[0, 1, 1]]).to(kind) for kind in kinds} | {
        "none": torch.empty(0, 3),
        "one": torch.tensor(2),
    }
    theirs, ours = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    reference.save_file(tensors, theirs, {"by": "them"})
    ours.write_bytes(to_safetensors(tensors, {"by": "us"}))
    assert read_safetensors(theirs)[1] == {"by": "them"}
    for found in (read_safetensors(theirs)[0], reference.load_file(ours)):
        assert found.keys() == tensors.keys()
        assert all(
            torch.equal(found[name], tensors[name]) and found[name].dtype == tensors[name].dtype for name in tensors
        )


@pytest.mark.parametrize(("width", "height"), [(90, 70), (70, 90), (64, 64), (41, 200)])
def test_preprocessing_equals_torchvision(width, height):
    from torchvision.transforms._presets import ImageClassification

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    ours = Preprocessing((56, 56), 64)(picture)
    torch.testing.assert_close(ours, ImageClassification(crop_size=56, resize_size=64)(picture))


def test_preprocessing_of_arrays_and_grey_pictures():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    colour = Preprocessing((8, 8), None)
    assert colour(grey).shape == (3, 8, 8)
    assert torch.equal(colour.pixels(grey)[0], torch.from_numpy(grey) / 255)
    single = Preprocessing((8, 8), None, (0.5,), (0.25,))
    torch.testing.assert_close(single.denormalise(single(grey)), single.pixels(grey))
    assert single.batch([grey, grey]).shape == (2, 1, 8, 8)
    with pytest.raises(InputError, match="takes 3 channels"):
        colour.normalise(torch.zeros(1, 8, 8))


TINY = Recipe("tiny", 8, scenes=300, epochs=1, width=4, batch=16)


def test_small_network_is_trained_once_and_read_afterwards(monkeypatch):
    runs = []
    monkeypatch.setattr(cache, "train", lambda recipe: runs.append(recipe) or train(recipe))
    first, accuracy = cache.cached(TINY)
    second, same = cache.cached(TINY)
    assert len(runs) == 1
    assert accuracy == same
    assert weights_sha256(first) == weights_sha256(second)
    (file,) = cache.cache_folder().iterdir()
    for damage in (file.read_bytes()[:-100], b"", _other_weight(file.read_bytes())):
        file.write_bytes(damage)
        assert weights_sha256(cache.cached(TINY)[0]) == weights_sha256(first)
    assert len(runs) == 4


def _other_weight(data):
    return data[:-4] + np.float32(7).tobytes()


def test_small_network_where_the_cache_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert not cache.cached(TINY)[0].training


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "biasscope" / "models"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / ".cache" / "biasscope" / "models"


def test_small_networks_through_the_front_door(monkeypatch):
    for form in ("plain", "antialias", "polyphase", "pac"):
        monkeypatch.setitem(RECIPES, "tiny", Recipe("tiny", 4, form, scenes=60, epochs=1, width=4, batch=8))
        model = load_model("small:tiny")
        assert model.class_names == tuple("0123456789")
        assert model(model.preprocessing(np.zeros((64, 64), np.uint8))[None]).shape == (1, 10)
        assert 0 <= float(model.provenance.recipe["accuracy"]) <= 1
        assert (len(surgery_table(model.module)) > 0) == (form != "plain")
    assert len({recipe.key() for recipe in RECIPES.values()}) == len(RECIPES)


def test_training_leaves_the_global_generator_alone_and_repeats_itself():
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    once, again = train(TINY)[0], train(TINY)[0]
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), before)
    for one, other in zip(once.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_training_learns_something():
    recipe = Recipe("taught", 8, scenes=1200, side=32, epochs=5, width=8)
    assert train(recipe)[1] > 0.3  # chance is 0.1


def test_a_folder_is_not_a_checkpoint(tmp_path):
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    with pytest.raises(InputError, match="no such checkpoint"):
        read_checkpoint(folder)


@pytest.mark.parametrize("spec", [3, None, b"torchvision:resnet18"])
def test_what_is_neither_text_nor_module_is_a_usage_error(spec):
    with pytest.raises(UsageError, match="a specification or a module"):
        load_model(spec)


def test_factory_that_builds_no_module(checkpoint):
    with pytest.raises(UsageError, match="the factory gave dict"):
        load_model(f"file:{checkpoint}", factory=dict)


@pytest.mark.parametrize(
    ("mean", "std"), [((np.nan,), (1.0,)), ((0.0,), (np.inf,)), ((0.0,), (0.0,)), ((0.0, 1.0), (1.0,)), ((), ())]
)
def test_preprocessing_that_cannot_normalise_is_refused(mean, std):
    with pytest.raises(UsageError, match="do not normalise"):
        Preprocessing((8, 8), None, mean, std)
