"""Alphabets that visitors invent: they name the classes, draw examples of each, and train a network on them.

controller = AlphabetController(AlphabetStore(kept), pad)   # from .alphabets.controller, .alphabets.store
controller.watchers.append(AlphabetsView(body, controller).render)
await controller.load()

`edits` changes an alphabet, `store` keeps it, `controller` decides, and the views (`view`, `editor`, `class_row`,
`keep_bar`) show. Only the views need a browser. This file imports nothing: all of it is loaded on demand.
"""

__all__ = [
    "class_row",
    "controller",
    "editing",
    "editor",
    "edits",
    "keep_bar",
    "series",
    "store",
    "thumbnail",
    "training",
    "view",
]
