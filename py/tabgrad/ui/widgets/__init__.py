"""Elements that several panels are made of, and `format`: how every number on the page is written.

Every module here is public. This file imports none of them, so that the first answer loads only what it shows.

controls = dom.create("div", body, class_="controls")
Button(controls, "Measure", measure, "mistakes-measure")      # from ..widgets.controls import Button
headline.textContent = f"{percent(0.9812, 2)} right"          # from ..widgets.format import percent
"""

__all__ = [
    "class_buttons",
    "confusion_table",
    "controls",
    "format",
    "help",
    "labels",
    "network_column",
    "network_picture",
    "picture",
]
