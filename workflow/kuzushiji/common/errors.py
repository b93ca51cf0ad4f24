"""The one exception for what a user can mend."""


class InputError(ValueError):
    """Bad input or configuration; the message names the file, row or key and says what to do."""
