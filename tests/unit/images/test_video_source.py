"""Clips: frames that follow each other, from folders in natural order and from video files."""

import sys
from types import SimpleNamespace

import av
import numpy as np
import pytest

from biasscope.core.errors import InputError, UsageError
from biasscope.images import match_labels, open_images, videofile
from biasscope.images.clips import clips
from tests.unit.images.image_samples import noise, write_frames


def write_video(path, count=20, size=(64, 48)):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(count):
            frame = np.full((size[1], size[0], 3), number * 10, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def level(clip):
    return clip.mean((1, 2, 3)).round(-1).astype(int).tolist()


def test_frames_are_in_natural_order_and_clips_follow_each_other(tmp_path):
    source = open_images(write_frames(tmp_path, 24), clip_length=10)
    expected = np.stack([np.asarray(noise(number)) for number in range(20)]).reshape(2, 10, 16, 20, 3)
    pictures = list(source)
    assert [picture.image_id for picture in pictures] == ["walk#000000", "walk#000010"]
    assert np.array_equal(np.stack([picture.pixels for picture in pictures]), expected)
    assert source.count == 2
    assert "Clips of 10 frames" in source.law
    assert match_labels(source, None, 10)[0] is None


@pytest.mark.parametrize(("length", "step"), [(1, 1), (3, 1), (3, 3), (2, 5), (24, 1)])
def test_clips_start_every_step_frames(tmp_path, length, step):
    source = open_images(write_frames(tmp_path, 24), clip_length=length, clip_step=step)
    pictures = list(source)
    starts = list(range(0, 24 - length + 1, step))
    assert [picture.image_id for picture in pictures] == [f"walk#{start:06d}" for start in starts]
    for start, picture in zip(starts, pictures, strict=True):
        assert np.array_equal(picture.pixels[-1], np.asarray(noise(start + length - 1)))


def test_the_files_are_the_frames_of_the_clips_that_are_taken(tmp_path):
    text = write_frames(tmp_path)
    source = open_images(text, clip_length=4, clip_step=2, limit=1)
    start = int(next(iter(source)).image_id.partition("#")[2])
    assert [file.name for file in source.files] == [f"frame{number}.png" for number in range(start, start + 4)]
    assert len(open_images(text, clip_length=4, clip_step=2).files) == 24


@pytest.mark.parametrize(("length", "step"), [(1, 1), (3, 1), (3, 3), (2, 5), (4, 3), (30, 1)])
def test_cutting_equals_slicing(length, step):
    frames = [(number, np.full((8, 8), number, np.uint8)) for number in range(20)]
    notes = []
    cut = list(clips(iter(frames), length, step, lambda number, note: notes.append(note.code)))
    starts = list(range(0, 20 - length + 1, step))
    assert [start for start, _ in cut] == starts
    assert [clip[:, 0, 0, 0].tolist() for _, clip in cut] == [list(range(start, start + length)) for start in starts]
    assert notes == ([] if starts else ["too-short"])


def test_a_clip_has_no_gap_and_one_size():
    frames = [(number, np.full((8, 8 if number < 12 else 10, 3), number, np.uint8)) for number in range(20)]
    frames[4] = (4, None)
    notes = []
    cut = list(clips(iter(frames), 4, 4, lambda number, note: notes.append((number, note.code))))
    assert [start for start, _ in cut] == [0, 5, 12, 16]
    assert notes == [(12, "frame-size")]


def test_a_bad_frame_ends_its_clip_and_is_listed_once(tmp_path):
    spec = write_frames(tmp_path, 12)
    (tmp_path / "walk" / "frame5.png").write_bytes(b"junk")
    source = open_images(spec, clip_length=4, clip_step=2)
    assert [picture.image_id for picture in source] == ["walk#000000", "walk#000006", "walk#000008"]
    codes = [(problem.image_id, problem.code) for problem in source.problems]
    assert codes.count(("walk#000005", "unreadable")) == 1
    assert {code for _, code in codes} == {"unreadable", "too-short"}


def test_folders_of_clips(tmp_path):
    for name, count in (("a", 6), ("b", 3), ("c10", 4), ("c9", 4)):
        write_frames(tmp_path, count, name=name)
    source = open_images(f"video:{tmp_path}", clip_length=4)
    assert [picture.image_id for picture in source] == ["a#000000", "c9#000000", "c10#000000"]
    assert source.notes == ["1 folder with fewer frames than a clip left out."]
    with pytest.raises(InputError, match="at most 6"):
        open_images(f"video:{tmp_path}", clip_length=7)


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_a_video_file(tmp_path, suffix):
    write_video(tmp_path / f"film{suffix}")
    source = open_images(tmp_path / f"film{suffix}", clip_length=4, clip_step=8)
    pictures = list(source)
    assert [level(picture.pixels) for picture in pictures] == [
        [0, 10, 20, 30],
        [80, 90, 100, 110],
        [160, 170, 180, 190],
    ]
    assert [picture.image_id for picture in pictures] == [f"film{suffix}#{start:06d}" for start in (0, 8, 16)]
    assert (source.count, source.problems) == (None, [])
    first = open_images(tmp_path / f"film{suffix}", clip_length=4, limit=2)
    assert len(list(first)) == 2
    assert "first 2 clips" in first.notes[0]


def test_a_folder_of_video_files(tmp_path):
    for name in ("b.mp4", "a.mp4"):
        write_video(tmp_path / name, 6)
    source = open_images(f"video:{tmp_path}", clip_length=5)
    assert [picture.image_id for picture in source] == ["a.mp4#000000", "b.mp4#000000"]
    noise().save(tmp_path / "frame.png")
    with pytest.raises(InputError, match="mixed"):
        open_images(f"video:{tmp_path}")


def test_bad_video_files_are_listed(tmp_path):
    write_video(tmp_path / "a.mp4", 6)
    write_video(tmp_path / "large.mp4", 6, size=(128, 96))
    (tmp_path / "junk.mp4").write_bytes(b"junk" * 100)
    (tmp_path / "cut.avi").write_bytes(b"")
    source = open_images(f"video:{tmp_path}", clip_length=6, max_side=100)
    assert [picture.image_id for picture in source] == ["a.mp4#000000"]
    found = {(problem.image_id.split("#")[0], problem.code) for problem in source.problems}
    assert {("junk.mp4", "unreadable"), ("cut.avi", "unreadable"), ("large.mp4", "too-large")} <= found


@pytest.mark.parametrize(("rotation", "turns"), [(0, 0), (-90, 3), (90, 1), (180, 2), (-180, 2), (-89.9, 3)])
def test_quarter_turns_against_the_clock(rotation, turns):
    # A telephone held upright writes a display matrix of -90 degrees: to be shown turned by 90 degrees with the clock.
    assert videofile._turns(SimpleNamespace(rotation=rotation)) == turns


def test_frames_are_turned_as_the_file_says(tmp_path, monkeypatch):
    write_video(tmp_path / "film.mp4", 4)
    plain = next(iter(open_images(tmp_path / "film.mp4", clip_length=4))).pixels
    monkeypatch.setattr(videofile, "_turns", lambda frame: 3)
    source = open_images(tmp_path / "film.mp4", clip_length=4)
    assert np.array_equal(next(iter(source)).pixels, np.rot90(plain, 3, (1, 2)))
    assert [(problem.code, problem.used) for problem in source.problems] == [("exif-rotated", True)]


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch):
    (tmp_path / "film.mp4").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r"biasscope\[video\]"):
        open_images(tmp_path / "film.mp4")


def test_what_cannot_be(tmp_path):
    with pytest.raises(UsageError, match="at least 1"):
        open_images(write_frames(tmp_path), clip_length=0)
    with pytest.raises(InputError, match="no such file or folder"):
        open_images(f"video:{tmp_path / 'none'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no frames and no video files"):
        open_images(f"video:{tmp_path / 'empty'}")


def test_a_file_that_is_no_video_is_told_in_words(tmp_path):
    (tmp_path / "text.mp4").write_bytes(b"no video")
    source = open_images(tmp_path / "text.mp4", clip_length=4)
    assert list(source) == []
    assert "it cannot be decoded (Invalid data found when processing input)" in [p.detail for p in source.problems]
