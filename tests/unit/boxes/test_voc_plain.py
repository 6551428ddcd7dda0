"""The usual layout of VOC files, many at a time: whatever matches means what the XML parser makes of it."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.boxes.files.listing import Listing
from biasscope.boxes.readers.voc import reader
from biasscope.boxes.readers.voc.plain import plain
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.source import Request
from tests.unit.boxes.box_samples import voc

GAP = st.sampled_from(["", "", "\n\t", " ", "\r\n", "\n"])
WORD = st.sampled_from(
    ["cat", " a b ", "", "n01440764", "x>y", "a&amp;b", "é", "&lt;", "<b/>", "1", "true", "ILSVRC_2012"]
)
NUMBER = st.sampled_from(["1", "0", "500", "12.5", "-3", "-0", "007", "1e3", "nan", " 4", "", "1.", ".5", "+2", "12_0"])
ODD = st.sampled_from(
    [
        "<!-- x -->",
        "<![CDATA[cat]]>",
        "<part><name>head</name></part>",
        "<?x?>",
        "\0",
        "<size/>",
        "text",
        "&#65;",
        "]]>",
    ]
)


def leaf(name: str, text: str) -> str:
    return f"<{name}>{text}</{name}>"


@st.composite
def branch(draw: st.DrawFn, name: str, parts: list[str]) -> str:
    """An element; now and then without a part, with its parts shuffled, or with something odd among them."""
    match draw(st.integers(0, 20)):
        case 0:
            parts = draw(st.permutations(parts))
        case 1 if parts:
            parts = parts[:-1]
        case 2 if parts:
            parts = [*parts, parts[0]]
        case 3:
            parts = [*parts[:1], draw(ODD), *parts[1:]]
        case 4:
            return f'<{name} a="1">{"".join(parts)}</{name}>'
    return f"<{name}>{draw(GAP)}" + "".join(part + draw(GAP) for part in parts) + f"</{name}>"


@st.composite
def one_object(draw: st.DrawFn) -> str:
    corners = [leaf(name, draw(NUMBER)) for name in ("xmin", "ymin", "xmax", "ymax")]
    flags = [leaf(name, draw(WORD)) for name in draw(st.lists(st.sampled_from(["pose", "truncated", "occluded"])))]
    return draw(branch("object", [leaf("name", draw(WORD)), *flags, draw(branch("bndbox", corners))]))


@st.composite
def document(draw: st.DrawFn) -> bytes:
    sides = [leaf("width", draw(NUMBER)), leaf("height", draw(NUMBER)), leaf("depth", "3")]
    parts = [leaf("folder", draw(WORD)), leaf("filename", draw(WORD))]
    parts += [draw(branch("source", [leaf("database", draw(WORD)), leaf("image", "x")])), draw(branch("size", sides))]
    text = draw(branch("annotation", [*parts, *draw(st.lists(one_object(), max_size=3))]))
    start = draw(
        st.sampled_from(["", "", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="latin-1"?>', " ", "\n"])
    )
    data = (start + text + draw(GAP)).encode()
    match draw(st.integers(0, 12)):
        case 0:
            return data[: draw(st.integers(0, len(data)))]
        case 1:
            place = draw(st.integers(0, len(data)))
            return data[:place] + draw(st.binary(min_size=1, max_size=2)) + data[place + 1 :]
    return data


def simple() -> st.SearchStrategy[bytes]:
    """Documents that mostly are usual."""
    box = "".join(leaf(name, str(place)) for place, name in enumerate(("xmin", "ymin", "xmax", "ymax")))
    cat = leaf("object", leaf("name", "cat") + leaf("bndbox", box))
    return st.integers(0, 3).map(lambda count: leaf("annotation", leaf("folder", "x") + cat * count).encode())


def parsed(
    documents: list[bytes], monkeypatch: pytest.MonkeyPatch, *, usual: bool
) -> tuple[pl.DataFrame, pl.DataFrame, RowLog]:
    names = [f"{place}.xml" for place in range(len(documents))]
    log, files = RowLog(), Listing(names, names)
    with monkeypatch.context() as patch:
        patch.setattr(reader, "contents", lambda paths: (documents[int(Path(path).stem)] for path in paths))
        patch.setattr(reader, "ONE_BY_ONE", 1)
        patch.setattr(reader, "TOGETHER", 5)
        if not usual:
            patch.setattr(reader, "plain", lambda *_: None)
        made = reader._parse(Request(Path("nowhere"), split="val"), files, log)
    return made.images, made.boxes, log


@settings(max_examples=400, deadline=None)
@given(st.lists(document() | simple(), max_size=12))
def test_as_the_parser(documents: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        images, boxes, log = parsed(documents, patch, usual=True)
        wanted = parsed(documents, patch, usual=False)
    assert images.equals(wanted[0])
    assert boxes.equals(wanted[1])
    assert log == wanted[2]


@given(st.lists(simple(), min_size=1, max_size=5), st.data())
def test_no_document_goes_on_in_the_next(documents: list[bytes], data: st.DataObject) -> None:
    """Documents cut anywhere and put together otherwise: only those that are whole one by one count as usual."""
    whole = b"\0".join(documents)
    places = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    pieces = [whole[start:end] for start, end in zip([0, *places], [*places, len(whole)], strict=True)]
    names = [str(place) for place in range(len(pieces))]
    each = [plain([name], [None], [piece]) for name, piece in zip(names, pieces, strict=True)]
    together = plain(names, [None] * len(pieces), pieces)
    assert (together is None) == any(one is None for one in each)


def test_usual_files_are_seen_as_such(tmp_path: Path) -> None:
    folder, _ = voc(tmp_path / "x")
    documents = [path.read_bytes() for path in sorted(folder.iterdir())]
    usual = [data.replace(b"<depth/>", b"<depth>3</depth>") for data in documents]
    made = plain(["a.xml", "b.xml", "c.xml"], [None, "val", None], usual)
    assert made is not None
    assert made[0].select("split", "image_width", "image_height", "file", "convention").rows() == [
        (None, 100, 80, "a.xml", "inclusive1"),
        ("val", 50, 40, "b.xml", "inclusive1"),
        (None, 64, 64, "c.xml", "inclusive1"),
    ]
    assert made[1].select("image", "label", "x0", "row").rows() == [
        (0, "cat", 11.0, 1),
        (0, "dog", 1.0, 2),
        (1, "cat", 6.0, 1),
    ]
    assert plain(["a.xml"], [None], documents[:1]) is None


@pytest.mark.parametrize(
    "odd",
    [
        b"", b"\0", b"<annotation>", b"<annotation></annotation><annotation></annotation>",
        b"<annotation></annotation>x", b"\xef\xbb\xbf<annotation></annotation>",
        b"<annotation></annotation>\0<annotation></annotation>", b"<annotation>x</annotation>",
        b"<annotation><folder>&amp;</folder></annotation>", b"<annotation><folder>]]></folder></annotation>",
        b" <?xml version=\"1.0\"?><annotation></annotation>", b"<annotation a='b'></annotation>",
        b"<annotation><size><width>1</width></size></annotation>", b"<annotation><object></object></annotation>",
    ],
)  # fmt: skip
def test_unusual_ones(odd: bytes) -> None:
    good = b"<annotation></annotation>"
    assert plain(["a"], [None], [good]) is not None
    assert plain(["a"], [None], [odd]) is None
    assert plain(["a", "b", "c"], [None] * 3, [good, odd, good]) is None


@pytest.mark.parametrize("odd", [0, 1, 7, 40])
def test_one_unusual_file_among_many(tmp_path: Path, odd: int) -> None:
    rng = random.Random(odd)  # noqa: S311 (a test's choice)
    for place in range(40):
        voc(tmp_path / f"{place:02d}")
    for path in rng.sample(sorted(tmp_path.rglob("*.xml")), odd):
        path.write_text(path.read_text().replace("<annotation>", "<annotation><!-- odd -->"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "TOGETHER", 32)
        request = Request(tmp_path)
        made = reader._parse(request, request.files, RowLog())
        patch.setattr(reader, "plain", lambda *_: None)
        wanted = reader._parse(request, request.files, RowLog())
    assert made.images.equals(wanted.images)
    assert made.boxes.equals(wanted.boxes)


@pytest.mark.parametrize("path", ["imagenet10_annotations.tar.xz", "box_formats.tar.xz"])
def test_real_files(real_data: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request, logs = Request(real_data / path, cache=False), (RowLog(), RowLog())
    made = reader._parse(request, request.files, logs[0])
    monkeypatch.setattr(reader, "plain", lambda *_: None)
    wanted = reader._parse(request, request.files, logs[1])
    assert made.images.height > 100
    assert made.images.equals(wanted.images)
    assert made.boxes.equals(wanted.boxes)
    assert logs[0] == logs[1]
