"""Checkpoints: what is read, what does not fit."""

import hashlib
import warnings

import pytest
import torch

from biasscope.core.errors import InputError
from biasscope.models import load_model, surgery_table, weights_sha256
from biasscope.models.architectures.cifar_resnet import CifarResNet
from biasscope.models.checkpoints import read_checkpoint
from biasscope.models.checkpoints.safetensors import read_safetensors, to_safetensors
from tests.unit.models.checkpoint_files import spec_of, state


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("conv1.weight"), "1 missing \\(conv1.weight\\)"),
        (lambda s: s.update(extra=torch.ones(1)), "1 unexpected \\(extra\\)"),
        (lambda s: s.update({"linear.bias": torch.ones(3)}), "linear.bias is 3, not 10"),
        (
            lambda s: s.update({"linear.bias": torch.full((10,), torch.nan)}),
            "not finite in 1 of 116 tensors \\(linear.bias\\). The training",
        ),
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
