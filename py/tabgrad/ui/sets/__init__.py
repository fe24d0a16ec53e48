"""Data sets that the visitor brings, and those that are stored: from a file picker to the training form.

`known` lists what is stored, and is there from the start. `bringing` has the state of an import and every decision
about it; it knows no document. The others are its views, imported with the section “Bring your own data”.
"""

__all__ = ["bringing", "choosing", "class_fields", "exporting", "known", "listing", "naming", "preview"]
