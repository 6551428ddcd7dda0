"""Errors that a user can act on, each with the exit code it ends the command with.

An error says what is wrong, where (file, key, row) and what to do about it. Anything that is not one of these is a
defect of biasscope and ends with exit code 4.
"""


class BiasscopeError(Exception):
    """Base of every error that is raised on purpose.

    Parameters
    ----------
    what
        What is wrong, in one sentence.
    where
        The file, key or row it was found in.
    hint
        What to do about it.
    """

    exit_code = 4

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        sentence = f"{where}: {what}" if where else what
        super().__init__(f"{sentence.rstrip('.')}. {hint}" if hint else sentence)


class GateFailedError(BiasscopeError):
    """A gate of the report did not hold."""

    exit_code = 1


class UsageError(BiasscopeError, ValueError):
    """An option, argument or configuration key is wrong."""

    exit_code = 2


class InputError(BiasscopeError, ValueError):
    """Input cannot be read, or does not conform to its format."""

    exit_code = 3


class OutputError(BiasscopeError, OSError):
    """A report cannot be written."""

    exit_code = 3
