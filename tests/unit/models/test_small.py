"""Small networks: trained once, kept, and read again."""

import numpy as np
import torch

from biasscope.models import load_model, surgery_table, weights_sha256
from biasscope.models.small import cache
from biasscope.models.small.recipe import RECIPES, Recipe
from biasscope.models.small.train import train

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
