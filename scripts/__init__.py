"""Everything that runs on a developer's machine: train, export, build, serve, measure. Never part of the page.

Run one with `.venv/bin/python -m scripts.NAME` from the repository's root.
"""

import sys
from pathlib import Path

# The package is used from its source folder and never installed: the page gets the very same files.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "py"))
