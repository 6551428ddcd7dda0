"""Words for numbers and for lists of names."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """Number and noun.

    >>> counted(1, "picture"), counted(1200, "picture"), counted(2, "class")
    ('1 picture', '1,200 pictures', '2 classes')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"


def first_few(names: Sequence[str], most: int) -> str:
    """First few names, and how many more there are.

    >>> first_few(["a", "b", "c", "d"], 2), first_few(["a", "b"], 2), first_few([], 2)
    ('a, b and 2 more', 'a, b', '')
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def legible(name: str) -> str:
    r"""Name of a file as a report can write it: bytes that are not UTF-8, and so no text, in hexadecimal digits.

    >>> legible("val.csv"), legible("caf\udce9.csv")
    ('val.csv', 'caf%E9.csv')
    """
    if name.isascii():
        return name
    return "".join(f"%{ord(sign) - 0xDC00:02X}" if "\udc80" <= sign <= "\udcff" else sign for sign in name)
