"""Real pen digits for measuring the drawing path, where the optional file is beside the checkout. Never trained on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from tabgrad.data import Samples
from tabgrad.data.strokes.render import normalise_many
from tabgrad.ink import strokes_from_lists

FILE = Path(__file__).resolve().parents[3] / "shared" / "strokes-dev.jsonl.gz"


def pen_digits() -> Samples | None:
    """The digits as the page's normalisation shows them to a network, or None where the file is not."""
    if not FILE.exists():
        return None
    with gzip.open(FILE, "rt") as lines:
        items = [json.loads(line) for line in lines]
    images = normalise_many([strokes_from_lists(item["strokes"]) for item in items])
    return Samples(images, np.array([item["label"] for item in items], np.uint8))
