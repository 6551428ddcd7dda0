"""Labels of a source to outputs of a model: by number, by name, by synset, by file; else an error with both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from biasscope.core.errors import InputError
from biasscope.images import ImageSource, Picture, match_labels, open_images, to_output
from biasscope.images.classnames import read_classes

WORDS = ("ant", "bee", "cat", "great white shark", "crane", "crane")
SYNSETS = tuple(f"n{number:08d}" for number in range(1000))


@dataclass
class Fixed(ImageSource):
    def __iter__(self) -> Iterator[Picture]:
        yield from ()

    @property
    def count(self) -> int:
        return 0


def named(*names: str) -> Fixed:
    return Fixed("pictures", names, labels="names", highest_label=len(names) - 1)


def numbered(highest: int | None, names: tuple[str, ...] | None = None) -> Fixed:
    return Fixed("pictures", names, labels="integers", highest_label=highest)


def test_no_labels():
    mapping, note = match_labels(Fixed("pictures"), WORDS, 6)
    assert mapping is None
    assert "no labels" in note


def test_integers_are_outputs():
    mapping, note = match_labels(numbered(5), WORDS, 6)
    assert mapping.tolist() == list(range(6))
    assert mapping.dtype == np.int64
    assert note == "Integer labels were taken as numbers of the outputs."
    assert "The highest is 3 of 5" in match_labels(numbered(3), None, 6)[1]
    assert match_labels(numbered(None), None, 6)[0].tolist() == list(range(6))


def test_integers_beyond_the_outputs():
    with pytest.raises(InputError, match=r"labels go up to 6.*6 outputs, 'ant'.*--classes-file"):
        match_labels(numbered(6), WORDS, 6)


def test_integers_whose_names_agree_stay():
    mapping, _ = match_labels(numbered(3, ("ant", "", "", "Great_white_shark, white shark")), WORDS, 6)
    assert mapping.tolist() == list(range(6))


def test_integers_whose_names_stand_elsewhere_follow_the_names():
    mapping, note = match_labels(numbered(1, ("cat, house cat", "ant")), WORDS, 6)
    assert mapping.tolist() == [2, 0]
    assert "by class name" in note
    with pytest.raises(InputError, match=r"contradict each other.*'dog'"):
        match_labels(numbered(2, ("cat", "ant", "dog")), WORDS, 6)


def test_another_set_of_classes_is_refused():
    with pytest.raises(InputError, match=r"'ship', 'plane'.*'ant', 'bee'"):
        match_labels(numbered(1, ("ship", "plane")), WORDS, 6)
    sample, _ = match_labels(numbered(3, ("ship", "", "", "plane")), WORDS, 6)
    assert sample.tolist() == list(range(6))


def test_names_are_found_whatever_their_case():
    mapping, note = match_labels(named("BEE", "Great_White  shark", "ant"), WORDS, 6)
    assert mapping.tolist() == [1, 3, 0]
    assert note == "Labels were matched by class name."


def test_an_exact_name_comes_before_one_that_is_alike():
    assert match_labels(named("cat", "Cat"), ("Cat", "cat"), 2)[0].tolist() == [1, 0]


def test_names_that_the_model_has_twice_or_not_at_all():
    with pytest.raises(InputError, match=r"no class 'crane'"):
        match_labels(named("ant", "crane"), WORDS, 6)
    with pytest.raises(InputError, match=r"no class 'dog'.*Pictures: 'ant', 'dog'. Model: 6 outputs"):
        match_labels(named("ant", "dog"), WORDS, 6)
    with pytest.raises(InputError, match=r"not the model's.*'x', 'y'"):
        match_labels(named("x", "y"), WORDS, 6)


def test_names_that_are_numbers():
    mapping, note = match_labels(named("0", "10", "2"), None, 11)
    assert mapping.tolist() == [0, 10, 2]
    assert "numbers" in note
    assert match_labels(named("0", "1"), ("1", "0"), 2)[0].tolist() == [1, 0]
    with pytest.raises(InputError, match="up to 11"):
        match_labels(named("0", "11"), None, 11)


def test_sorted_names_of_a_model_that_names_none():
    assert match_labels(named("x", "y", "z"), None, 3)[0].tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="not the model's"):
        match_labels(named("x", "y", "z"), None, 4)


def test_a_thousand_synsets():
    mapping, note = match_labels(named(*SYNSETS), tuple(f"word {number}" for number in range(1000)), 1000)
    assert mapping.tolist() == list(range(1000))
    assert "1000 synset ids, sorted" in note


def test_some_synsets_need_numbers_or_a_file(tmp_path):
    some = named(*SYNSETS[10:30:2])
    with pytest.raises(InputError, match=r"10 synset ids for 1000 outputs.*class_id.*--classes-file"):
        match_labels(some, None, 1000)
    path = tmp_path / "classes.txt"
    path.write_text("\n".join(SYNSETS) + "\n")
    mapping, note = match_labels(some, None, 1000, classes_file=path)
    assert mapping.tolist() == list(range(10, 30, 2))
    assert "classes file" in note
    some.output_names = SYNSETS
    assert match_labels(some, WORDS, 1000)[0].tolist() == list(range(10, 30, 2))


def test_a_classes_file_comes_with_the_pictures(tmp_path):
    (tmp_path / "classes.txt").write_text("\ufeffbee\n\nant \n", encoding="utf-8")
    source = open_images(np.zeros((2, 9, 9), np.uint8), labels=["ant", "bee"], classes_file=tmp_path / "classes.txt")
    assert match_labels(source, None, 2)[0].tolist() == [1, 0]


def test_a_classes_file_that_does_not_fit(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("ant\nbee\n")
    with pytest.raises(InputError, match="2 names, the model 3 outputs"):
        match_labels(named("ant"), None, 3, classes_file=path)
    with pytest.raises(InputError, match="lacks 'cat'"):
        match_labels(named("ant", "cat"), None, 2, classes_file=path)
    with pytest.raises(InputError, match="no class names"):
        match_labels(numbered(1), None, 2, classes_file=path)
    for text, message in (("ant\nant\n", "stands there twice"), ("\n", "is empty")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_classes(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_classes(tmp_path / "none.txt")


def test_streams_are_checked_as_they_come():
    mapping, _ = match_labels(numbered(None), None, 3)
    assert [to_output(mapping, label) for label in (0, 2, None, -1)] == [0, 2, -1, -1]
    with pytest.raises(InputError, match="label 3, but the model counts up to 2"):
        to_output(mapping, 3)
