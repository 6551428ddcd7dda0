"""Which name is meant by an annotation, where thousands of pictures are called alike."""

import pytest

from biasscope.boxes.sizes import names as imagenames
from biasscope.boxes.sizes.names import ImageNames


@pytest.mark.parametrize("name", ["scenes/{}/image.jpg", "https://x/image.jpg?id={}"])
def test_of_pictures_called_alike_only_those_of_the_folder_are_compared(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    compared = []

    class Whole(str):
        def endswith(self, *args: object) -> bool:
            compared.append(self)
            return super().endswith(*args)  # type: ignore[arg-type]

    whole = imagenames._whole
    monkeypatch.setattr(imagenames, "_whole", lambda name: Whole(whole(name)))
    there = [name.format(number) for number in range(100)]
    names = ImageNames(there)
    assert [names.like(one) for one in there] == [[one] for one in there]
    assert len(compared) == 2 * len(there)
    assert names.like("image") == there
    assert names.like("of/others/image") == there
