"""Settings as a part of an address, to be shared: "lr=0.1&hidden=128-64". Only what differs from the defaults."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import parse_qsl, urlencode

from .fields import FIELDS, SettingsError
from .run_settings import RunSettings


def to_query(settings: RunSettings) -> str:
    """The settings that differ from the defaults as a URL query, such as "lr=0.1&hidden=128-64"."""
    pairs = []
    for item in fields(RunSettings):
        value = getattr(settings, item.name)
        if value != getattr(RunSettings(), item.name):
            text = "-".join(map(str, value)) if isinstance(value, tuple) else f"{value}".removesuffix(".0")
            pairs.append((item.name, text))
    return urlencode(pairs)


def from_query(query: str) -> tuple[RunSettings, list[str]]:
    """Settings from a URL query, and a sentence for each value that was refused. Other keys are ignored."""
    settings, refused = RunSettings(), []
    for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name in FIELDS:
            try:
                settings = RunSettings.make({name: text}, settings)
            except SettingsError as error:
                refused.append(str(error))
    return settings, refused
