"""One decoder for everything: what is wrong is said, what can be used honestly is used, nothing is raised."""

import io
import random
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from biasscope.images import PROBLEMS, Limits, decode
from biasscope.images.decode import FORMATS
from tests.unit.images.image_samples import bad_pictures, coded, noise, png

BAD = bad_pictures()


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said(name):
    data, code, used = BAD[name]
    decoded = decode(data)
    assert [(note.code, note.used) for note in decoded.notes] == [(code, used)]
    assert (decoded.pixels is not None) == used
    assert code in PROBLEMS
    assert decoded.notes[0].detail


@pytest.mark.parametrize("name", BAD)
def test_files_and_bytes_are_the_same(name, tmp_path):
    (tmp_path / name).write_bytes(BAD[name][0])
    from_file, from_bytes = decode(tmp_path / name), decode(BAD[name][0])
    assert [note.code for note in from_file.notes] == [note.code for note in from_bytes.notes]
    assert np.array_equal(from_file.pixels, from_bytes.pixels) or from_bytes.pixels is None


def test_a_good_picture_is_as_it_was_and_has_no_notes():
    decoded = decode(coded(noise(3)))
    assert np.array_equal(decoded.pixels, np.asarray(noise(3)))
    assert decoded.notes == []
    assert decoded.pixels.flags.writeable


def test_grey_stays_grey():
    grey = noise().convert("L")
    assert np.array_equal(decode(coded(grey)).pixels, np.asarray(grey))
    lines = grey.convert("1")
    assert np.array_equal(decode(coded(lines)).pixels, np.asarray(lines) * np.uint8(255))


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    decoded = decode(coded(Image.fromarray(values)))
    assert np.array_equal(decoded.pixels, np.rint(values / 257).astype(np.uint8))
    big = io.BytesIO()
    Image.fromarray(values).save(big, "TIFF")
    assert np.array_equal(decode(big.getvalue()).pixels, decoded.pixels)


def test_sixteen_bit_colour_keeps_its_range():
    data = png(8, 8, depth=16, colour=2, rows=(b"\0" + b"\x80\x00\x10\x00\xff\xff" * 8) * 8)
    assert decode(data).pixels[0, 0].tolist() == [0x80, 0x10, 0xFF]


def test_transparent_pictures_lie_over_black():
    colour = np.asarray(noise())
    alpha = np.repeat(np.arange(0, 240, 12, dtype=np.uint8)[None], 16, 0)
    pixels = decode(coded(Image.fromarray(np.dstack([colour, alpha])))).pixels
    assert np.abs(pixels - colour * (alpha[..., None] / 255)).max() <= 1


def test_an_opaque_alpha_channel_changes_nothing():
    decoded = decode(coded(noise().convert("RGBA")))
    assert np.array_equal(decoded.pixels, np.asarray(noise()))
    assert decoded.notes == []


def test_transparent_palette_is_noted_twice():
    image = noise().quantize(16)
    codes = [note.code for note in decode(coded(image, transparency=0)).notes]
    assert codes == ["palette", "alpha"]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_exif_orientation_is_applied(orientation):
    steps = {2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True), 8: (1, False)}
    turns, mirrored = steps[orientation]
    stored = np.asarray(noise())
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.rot90(stored, turns)
    # Orientations 4, 5 and 7 are a turn with a mirror: which of both is first is fixed by the table of the standard.
    expected = upright[:, ::-1] if mirrored and orientation in (2, 4) else upright[::-1] if mirrored else upright
    assert np.array_equal(decode(coded(noise(), exif=exif)).pixels, expected)


def test_damaged_exif_is_noted_and_the_picture_used(monkeypatch):
    def broken(self):
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr(Image.Image, "getexif", broken)
    decoded = decode(coded(noise()))
    assert [(note.code, note.used) for note in decoded.notes] == [("bad-exif", True)]
    assert np.array_equal(decoded.pixels, np.asarray(noise()))


def test_the_first_frame_is_taken():
    frames = [noise(number).quantize(8).convert("RGB") for number in range(3)]
    data = coded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert np.array_equal(decode(data).pixels, np.asarray(frames[0]))


def test_a_picture_with_a_preview_beside_it_is_no_animation():
    data = coded(noise(), "MPO", save_all=True, append_images=[noise(1)])
    assert decode(data).notes == []


def test_limits_are_parameters():
    data = coded(noise(size=(20, 16)))
    assert decode(data, Limits(pixels=319)).notes[0].code == "too-large"
    assert decode(data, Limits(side=19)).notes[0].code == "too-large"
    assert decode(data, Limits(short=17)).notes[0].code == "too-small"
    assert decode(data, Limits(320, 20, 16)).notes == []


def test_a_large_picture_is_not_decoded(monkeypatch):
    def load(self):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert decode(png(30_000, 20)).notes[0].code == "too-large"
    assert decode(png(12_000, 12_000)).notes[0].code == "too-large"


def test_no_warning_escapes():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        decode(png(10_500, 9_400), Limits())
        decode(png(9_600, 9_600), Limits(pixels=10))
    assert caught == []


def test_warnings_of_others_still_come():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            decode(png(10_500, 9_400))
        assert [str(entry[3]) for entry in warnings.filters].count(str(re.compile(r"PIL\."))) == 1
        with pytest.raises(UserWarning):
            warnings.warn("from elsewhere", UserWarning, stacklevel=1)


def test_only_pictures_are_tried():
    assert not {"EPS", "PDF", "WMF", "FPX", "MSP"} & set(FORMATS)
    assert decode(coded(noise(), "PDF")).notes[0].code == "unreadable"


def test_a_file_that_is_not_there(tmp_path):
    assert decode(tmp_path / "none.png").notes[0].code == "missing"
    assert decode(tmp_path).notes[0].code == "missing"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_flipped_bytes_raise_nothing(kind):
    chance = random.Random(kind)  # noqa: S311 (no secret)
    data = coded(noise(), kind)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        decoded = decode(bytes(damaged[: chance.randint(1, len(damaged))]))
        left_out = [note for note in decoded.notes if not note.used]
        assert (decoded.pixels is None) == bool(left_out)
