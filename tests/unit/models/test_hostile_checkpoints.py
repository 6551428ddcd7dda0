"""Checkpoints that nobody vouches for."""

import json
import pickle

import pytest
import torch

from biasscope.core.errors import InputError
from biasscope.models import load_model
from biasscope.models.checkpoints import read_checkpoint
from biasscope.models.checkpoints.safetensors import to_safetensors
from tests.unit.models.checkpoint_files import spec_of


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
