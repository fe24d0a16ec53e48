"""The tab Code: networks as Python, in an editor. Imported when the tab is first shown.

CodePanel(page, place, below)          # from .code.panel import CodePanel; `below` makes what stands below the editor

`panel` connects the parts; `controller` has the state and every decision, and knows no document. `examples` lists what
there is to begin with, `copies` keeps what the visitor has changed, and `link` puts a source into an address.

`console` is the prompt below the editor, with a controller of its own: `console_controller`.
"""

__all__ = ["copies", "link", "panel"]
