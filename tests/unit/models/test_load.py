"""Specifications and what they give."""

import copy
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from biasscope.core.errors import BiasscopeError, InputError, UsageError
from biasscope.core.registry import Registry
from biasscope.core.trust import python_code
from biasscope.models import SCHEMES, Preprocessing, load_model
from biasscope.models.architectures import ARCHITECTURES, architecture
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.checkpoints import read_checkpoint
from tests.unit.models.checkpoint_files import spec_of


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


def test_weights_without_values_are_a_usage_error():
    with torch.device("meta"):
        network = nn.Sequential(nn.Conv2d(3, 2, 3))
    with pytest.raises(UsageError, match=r"0\.weight: the network's weights are on the device meta"):
        load_model(network)


def test_lazy_layers_that_have_seen_no_picture_are_a_usage_error(tmp_path):
    def lazy():
        return nn.Sequential(nn.LazyConv2d(2, 3), nn.Flatten(), nn.LazyLinear(2))

    seen, path = lazy(), tmp_path / "weights.safetensors"
    seen(torch.zeros(1, 3, 8, 8))
    assert load_model(seen).provenance.parameters == 3 * 2 * 9 + 2 + 72 * 2 + 2
    save_file(seen.state_dict(), path)
    for given, factory in ((lazy(), None), (f"file:{path}", lazy)):
        with pytest.raises(UsageError, match=r"0\.weight: the network's lazy layers have no weights before .* Run one"):
            load_model(given, factory=factory)
    assert load_model(f"file:{path}", factory=lambda: seen).module is seen


def test_an_exported_program_is_a_usage_error():
    exported = torch.export.export(nn.Sequential(nn.Conv2d(3, 2, 3)), (torch.zeros(1, 3, 8, 8),)).module()
    with pytest.raises(UsageError, match="evaluation mode"):
        load_model(exported)


def test_networks_of_ones_own_that_read_one_channel_have_grey_pictures(tmp_path, monkeypatch):
    code = "from torch import nn\ngrey = lambda: nn.Conv2d(1, 2, 3)\nwide = lambda: nn.Conv2d(12, 2, 3)\n"
    code += "attending = lambda: nn.ModuleDict({'where': nn.Conv2d(1, 1, 7), 'stem': nn.Conv2d(3, 2, 3)})\n"
    (tmp_path / "grey_network_of_mine.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    save_file(nn.Conv2d(1, 2, 3).state_dict(), tmp_path / "grey.safetensors")
    with python_code():
        found = [load_model("python:grey_network_of_mine:grey?size=28")]
        for other in ("wide", "attending"):
            assert load_model(f"python:grey_network_of_mine:{other}").preprocessing.channels == 3
        found.append(load_model(f"file:{tmp_path}/grey.safetensors?arch=python:grey_network_of_mine:grey"))
    found.append(load_model(f"file:{tmp_path}/grey.safetensors", factory=lambda: nn.Conv2d(1, 2, 3)))
    assert [one.preprocessing.channels for one in found] == [1, 1, 1]
    assert found[0].preprocessing.size == (28, 28)


def test_factory_and_architecture_exclude_each_other(checkpoint):
    assert load_model(f"file:{checkpoint}", factory=CifarResNet).provenance.recipe["arch"] == "factory"
    with pytest.raises(UsageError, match="one architecture or one factory"):
        load_model(spec_of(checkpoint), factory=CifarResNet)
    with pytest.raises(UsageError, match="classes has no effect on a factory"):
        load_model(f"file:{checkpoint}?classes=3", factory=CifarResNet)
    with pytest.raises(UsageError, match="goes with file:"):
        load_model("small:digits8", factory=CifarResNet)


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such checkpoint") as caught:
        load_model(spec_of(tmp_path / "none.pth"))
    assert isinstance(caught.value, BiasscopeError)


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
