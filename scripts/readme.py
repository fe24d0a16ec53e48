"""Writes the README's table of models from their cards: `python scripts/readme.py`."""

import json
import re
import sys
from typing import Any

from scripts.sitebuild.parts import ROOT

README = ROOT / "README.md"
TABLE = re.compile(r"(?<=<!-- models -->\n).*?(?=<!-- /models -->)", re.DOTALL)
HEAD = """\
| model | architecture | parameters | errors in 10,000 test images | accuracy, 95 % interval |
|---|---|---|---|---|
"""


def table() -> str:
    """The table, one row for each folder of models/ with a card that has been tested."""
    cards = [json.loads(path.read_text()) for path in ROOT.glob("models/*/card.json")]
    rows = sorted((card for card in cards if "test_errors" in card), key=lambda card: -int(card["test_errors"]))
    return HEAD + "".join(_row(card) for card in rows)


def _row(card: dict[str, Any]) -> str:
    low, high = card["test_accuracy_95"]
    accuracy = f"{100 * card['test_accuracy']:.2f} % ({100 * low:.2f} to {100 * high:.2f})"
    return (
        f"| {card['title']} | {card['architecture']} | {card['parameters']:,} | {card['test_errors']} | {accuracy} |\n"
    )


def main() -> int:
    """Rewrite the table; the exit status."""
    README.write_text(TABLE.sub(lambda _: table(), README.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
