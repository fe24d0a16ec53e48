"""What the page calls the optimizer of a run, which a source may bring itself."""

from __future__ import annotations

from tabgrad.network import CODE, own_optimizer
from tabgrad.settings import OPTIMIZERS, RunSettings

OWN = "Your code\N{RIGHT SINGLE QUOTATION MARK}s own"
#: The fields of the form that a source's own optimizer does not read.
NOT_OF_OWN = frozenset({"optimizer"}).union(*(row.fields for row in OPTIMIZERS.values()))


def own_title(settings: RunSettings) -> str:
    """What the optimizer that the source brings is called; empty if the form's is used."""
    name = own_optimizer(settings.source) if settings.model == CODE else None
    return "" if name is None else f"{OWN}: {name}" if name else OWN


def optimizer_title(settings: RunSettings) -> str:
    """What the optimizer is called, in a list of what a run was made of."""
    return own_title(settings) or settings.optimizer_row.title
