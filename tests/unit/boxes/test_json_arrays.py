import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.boxes.documents.jsonarrays import BadElement, elements, keys
from biasscope.boxes.documents.jsonbuffer import Window
from biasscope.core.errors import InputError


class Element(msgspec.Struct):
    id: int
    extra: Any = None


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a{}[],:"\\é\n', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k{}"', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
ELEMENTS = st.lists(st.builds(lambda extra: {"id": 1, "extra": extra}, TREES), max_size=12)


def read(data: bytes, block: int, kind: type = Element) -> dict[str, Any]:
    """Read an object: the array called ``items`` in blocks, other values as a whole."""
    window = Window(io.BytesIO(data), "file.json", block)
    found: dict[str, Any] = {}
    for key in keys(window):
        found[key] = list(elements(window, kind)) if key == "items" else window.value()
    return found


def flat(parts: list[Any]) -> list[Any]:
    return [item for part in parts for item in (part if isinstance(part, list) else [part])]


@settings(deadline=None)
@given(ELEMENTS, TREES, TREES, st.integers(1, 300), st.sampled_from([None, 1, 4]))
def test_blocks_of_any_size_give_what_json_gives(
    items: list[Any], before: Any, after: Any, block: int, indent: int | None
) -> None:
    document = {"before": before, "items": items, "after": after}
    found = read(json.dumps(document, indent=indent, ensure_ascii=False).encode(), block)
    assert [msgspec.to_builtins(item) for item in flat(found["items"])] == items
    assert (found["before"], found["after"]) == (before, after)


@pytest.mark.parametrize("document", [b"{}", b'{"a": 1}', b'{"items": [{"id": 1}]}'])
@pytest.mark.parametrize("block", [1, 5, 1000])
def test_nothing_but_white_space_follows(document: bytes, block: int) -> None:
    assert read(document + b" \r\n\t ", block) == read(document, 7)
    for more in (b"x", b"\n{}", b" }", b",", b'\n"a": 2}'):
        with pytest.raises(InputError, match="goes on after its end"):
            read(document + more, block)


@settings(deadline=None)
@given(ELEMENTS.filter(bool), st.integers(1, 200), st.data())
def test_a_cut_off_file_is_an_error_that_names_the_file(items: list[Any], block: int, data: st.DataObject) -> None:
    whole = json.dumps({"items": items}).encode()
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(InputError, match=r"file.json, byte \d+"):
        read(whole[:length], block)


@given(st.integers(1, 400), st.integers(0, 9))
def test_a_bad_element_is_listed_and_the_others_stay(block: int, place: int) -> None:
    items: list[Any] = [{"id": number} for number in range(10)]
    items[place] = {"id": "seven", "x": [{}, {"y": 1}]}
    made = flat(read(json.dumps({"items": items}).encode(), block)["items"])
    bad = [item for item in made if isinstance(item, BadElement)]
    assert [(item.index, item.value) for item in bad] == [(place + 1, items[place])]
    assert [item.id for item in made if isinstance(item, Element)] == [n for n in range(10) if n != place]


def test_python_literals_and_numbers_beyond_floats() -> None:
    class Number(msgspec.Struct):
        x: float

    made = flat(read(b'{"items": [{"x": NaN}, {"x": -Infinity}, {"x": 1e999}, {"x": 1}]}', 8, Number)["items"])
    assert [repr(item.x) for item in made] == ["nan", "-inf", "inf", "1.0"]


@pytest.mark.parametrize(
    "text", ['{"items": [{"id": 1},, {"id": 2}]}', '{"items": [{"id": 1} {"id": 2}]}', '{"items" [1]}']
)
def test_what_is_no_json_is_refused(text: str) -> None:
    for block in (4, 1000):
        with pytest.raises(InputError, match="byte"):
            read(text.encode() + b" " * 100, block)


def test_elements_that_are_no_objects_are_listed() -> None:
    made = flat(read(b'{"items": [1, [2], "}", {"id": 3}, null]}', 1000)["items"])
    assert [type(item).__name__ for item in made] == ["BadElement"] * 3 + ["Element", "BadElement"]


def too_deep() -> int:
    """Depth of nesting, not far from the least, that this Python does not read."""
    depth = 1100
    while True:
        try:
            json.loads("[" * depth + "]" * depth)
        except RecursionError:
            return depth
        depth += depth // 2


@pytest.mark.parametrize("depth", [too_deep(), 200_000])
@pytest.mark.parametrize("key", [b"extra", b"skipped"])
def test_deep_nesting_is_refused_not_a_crash(depth: int, key: bytes) -> None:
    deep = b"[" * depth + b"]" * depth
    element = b'{"id": 1, "' + key + b'": ' + deep + b"}"
    for inside in (b'"before": ' + deep, b'"items": [' + element + b"]", b'"items": [' + element + b', {"id": 2}]'):
        for block in (1000, 1 << 20):
            with pytest.raises(InputError, match="nested too deeply"):
                read(b"{" + inside + b"}", block)


def test_bytes_that_are_not_utf8_are_named_with_their_place() -> None:
    data = '{"items": [{"id": 1, "extra": "café"}]}'.encode("latin-1")
    for block in (3, 1000):
        with pytest.raises(InputError, match=f"byte {data.index(0xE9)}: not UTF-8"):
            read(data, block)


def test_characters_split_between_blocks() -> None:
    items = [{"id": 1, "extra": "é" * n} for n in range(20)]
    for block in range(1, 40):
        made = flat(read(json.dumps({"items": items}, ensure_ascii=False).encode(), block)["items"])
        assert [item.extra for item in made] == [item["extra"] for item in items]
