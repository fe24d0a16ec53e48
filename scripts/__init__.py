"""Everything that runs on a developer's machine: train, export, build, serve, measure. Never part of the page.

The Makefile's virtual environment finds this package and `tabgrad` without installing them, so that
`.venv/bin/python scripts/NAME.py` and `.venv/bin/python -m scripts.NAME` are the same.
"""
