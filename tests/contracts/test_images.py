"""Promises that every image source keeps, run over the registry."""

import subprocess
import sys

import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.images import PROBLEMS, SOURCES, ImageSource, match_labels, open_images
from biasscope.images.open import detect
from biasscope.images.registry import READING
from biasscope.images.request import Request
from tests.unit.images.image_samples import SAMPLES

UNLABELLED = frozenset({"video"})
DRAWN = frozenset({"scenes"})
"""Drawn, not decoded: nothing can be wrong with them."""
EVERY = 11
"""Pictures in every sample: 12, clips in that of video: 11."""


@pytest.fixture(params=list(SOURCES))
def name(request):
    return request.param


@pytest.fixture
def sample(name, tmp_path):
    return SAMPLES[name](tmp_path)


def test_facts(name):
    assert set(SOURCES[name].facts) == {"title", "spec", "takes"}
    assert SOURCES[name].facts["title"]
    assert SOURCES[name].facts["spec"]
    assert set(str(SOURCES[name].facts["takes"]).split()) <= READING


def test_the_right_source_is_found(name, sample):
    spec, options = sample
    assert detect(Request(spec=spec, **options)) == name


def test_pictures_come_twice_the_same_and_are_what_they_should_be(sample):
    spec, options = sample
    source = open_images(spec, **options)
    first, second = list(source), list(source)
    assert len(first) == source.count >= EVERY
    assert len({picture.image_id for picture in first}) == len(first)
    for one, other in zip(first, second, strict=True):
        assert (one.image_id, one.label, one.box) == (other.image_id, other.label, other.box)
        assert np.array_equal(one.pixels, other.pixels)
        assert one.pixels.dtype == np.uint8
        assert one.pixels.flags.writeable
        assert one.pixels.ndim == 2 or one.pixels.shape[-1] == 3
    assert source.problems == []


def test_it_says_what_it_is(sample):
    spec, options = sample
    source = open_images(spec, **options)
    assert isinstance(source, ImageSource)
    assert source.name
    assert source.parameters["source"] == source.name
    assert all(file.is_file() for file in source.files)  # what is a folder has no hash


def test_a_sample_is_stable_and_part_of_a_larger_one(name, sample):
    spec, options = sample
    small, same, large = (
        [picture.image_id for picture in open_images(spec, limit=limit, seed=5, **options)] for limit in (3, 3, 7)
    )
    everything = [picture.image_id for picture in open_images(spec, seed=5, **options)]
    assert small == same
    assert len(small) == 3
    assert set(small) < set(large) < set(everything)
    assert large == [one for one in everything if one in large]


def test_the_seed_decides_the_pictures(sample):
    spec, options = sample
    drawn = {
        tuple(picture.pixels.tobytes() for picture in open_images(spec, limit=3, seed=seed, **options))
        for seed in range(5)
    }
    assert len(drawn) > 1


def test_a_limit_below_one_is_refused(sample):
    spec, options = sample
    with pytest.raises(UsageError, match="at least 1"):
        open_images(spec, limit=0, **options)


def test_a_limit_above_the_number_takes_all(sample):
    spec, options = sample
    assert len(list(open_images(spec, limit=10_000, **options))) >= EVERY


def test_labels_fit_a_model_of_as_many_outputs(name, sample):
    spec, options = sample
    source = open_images(spec, **options)
    outputs = len(source.class_names or ()) or 3
    mapping, note = match_labels(source, source.class_names, outputs)
    assert note.endswith(".")
    assert (mapping is None) == (name in UNLABELLED)
    if mapping is not None:
        labels = [picture.label for picture in source]
        assert sorted(set(mapping[labels])) == sorted(set(labels))


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in DRAWN])
def test_pictures_beyond_the_limits_are_left_out_and_listed(name, tmp_path):
    spec, options = SAMPLES[name](tmp_path)
    source = open_images(spec, max_pixels=300, **options)
    assert list(source) == []
    assert {problem.code for problem in source.problems} <= PROBLEMS.keys()
    assert "too-large" in {problem.code for problem in source.problems}
    assert not any(problem.used for problem in source.problems)
    before = len(source.problems)
    assert list(source) == []
    assert len(source.problems) == before


def test_stopping_early_is_no_problem(sample):
    spec, options = sample
    source = open_images(spec, **options)
    first = next(iter(source)).image_id
    assert next(iter(source)).image_id == first


def test_an_open_source_is_given_back(sample):
    spec, options = sample
    source = open_images(spec, **options)
    assert open_images(source) is source


def test_the_import_is_light():
    code = (
        "import sys, biasscope.images; print(sorted({'torch', 'datasets', 'polars', 'PIL', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
