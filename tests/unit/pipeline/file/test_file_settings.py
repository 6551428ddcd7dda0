"""Settings: key=value, read as TOML where the key can hold it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.pipeline.definition import AugmentationAnalysis, InvarianceAnalysis
from biasscope.pipeline.file.settings import kinds_of, parsed, value

KINDS = kinds_of(InvarianceAnalysis)


def read(*settings, kinds=KINDS):
    return parsed(list(settings), kinds, question="invariance", where="a.toml")


@pytest.mark.parametrize(
    ("setting", "made"),
    [
        ("limit=20", {"limit": 20}),
        ("limit = 20", {"limit": 20}),
        ("invariance.limit=20", {"limit": 20}),
        ("filter-size=3", {"filter_size": 3}),
        ("stem=true", {"stem": True}),
        ("grid=7x7", {"grid": "7x7"}),
        ("sizes=60,100", {"sizes": "60,100"}),
        ("sizes=60", {"sizes": "60"}),  # a text that looks like a number
        ('grid="7x7"', {"grid": "7x7"}),
        ('model=["small:digits8", "file:a.pth?mean=0.5,0.5"]', {"model": ["small:digits8", "file:a.pth?mean=0.5,0.5"]}),
        ("model=file:a.pth?arch=x&mean=0.5", {"model": "file:a.pth?arch=x&mean=0.5"}),
        ("limit=", {"limit": ""}),
        ("angles=-30..30:10", {"angles": "-30..30:10"}),
        ("limit=1\nseed=5", {"limit": "1\nseed=5"}),  # one setting is one key
    ],
)
def test_values(setting, made):
    assert read(setting) == made


def test_the_last_setting_of_a_key_counts_and_a_mapping_is_taken_as_it_is():
    assert read("limit=1", "limit=2") == {"limit": 2}
    assert parsed({"limit": 3, "grid": "3x3"}, KINDS, question="invariance", where="") == {"limit": 3, "grid": "3x3"}


def test_a_list_of_texts_takes_one_that_looks_like_a_number():
    kinds = kinds_of(AugmentationAnalysis)
    assert value("16", kinds["copies"]) == "16"
    assert value("[16, 32]", kinds["train_images"]) == [16, 32]


@pytest.mark.parametrize("wrong", ["limit", "=3", ""])
def test_no_pair(wrong):
    with pytest.raises(UsageError, match=r"a\.toml.*no key=value.*--set limit=20"):
        read(wrong)


def test_unknown_keys_name_the_nearest():
    with pytest.raises(UsageError, match=r"a\.toml: there is no key 'limt'.*Did you mean limit\?"):
        read("limt=3")
    with pytest.raises(UsageError, match="There are: amp, angles"):
        read("zzzzzz=3")


@given(st.text())
def test_no_text_is_an_error_for_a_key_of_texts(text):
    assert isinstance(value(text, str | None), str)
