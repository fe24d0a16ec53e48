"""The one exception of this package."""


class DataError(ValueError):
    """Data cannot be used. The message is one sentence, fit to be shown to the visitor."""
