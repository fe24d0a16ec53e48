"""The error of this package."""


class DataError(ValueError):
    """Data cannot be used. The message is one sentence for the visitor."""
