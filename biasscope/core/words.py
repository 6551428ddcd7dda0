"""Words for numbers."""


def counted(number: int, noun: str) -> str:
    """Number and noun.

    >>> counted(1, "picture"), counted(1200, "picture"), counted(2, "class")
    ('1 picture', '1,200 pictures', '2 classes')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"
