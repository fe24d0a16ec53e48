"""Data is read in the browser's Python as in CPython."""

import shutil
from pathlib import Path

import pytest

from scripts.pyodide_node import run_python
from tests.unit.data.reading.files import images, labels, npz, packed, reading, table

CODE = """
from pathlib import Path
from tabgrad.data.reading import read

class File:
    def __init__(self, path):
        self.name, self.size, self.data = path.name, path.stat().st_size, path.read_bytes()
    async def read(self, start, stop):
        return self.data[start:stop]

async def nothing(*_):
    pass

files = [File(Path("/mounted") / name) for name in ("a.csv", "more.zip")]
found = await read(files, {}, nothing, nothing)
Path("/mounted/id.txt").write_text(found.id)
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_the_same_data_has_the_same_id_in_pyodide(tmp_path: Path) -> None:
    inner = npz(x=images(60, 5, size=32) / 255, y=labels(60, 3))
    files = {"a.csv": table(images(84), labels(84)), "more.zip": packed({"x.npz": inner})}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    run_python(CODE, tmp_path)
    assert (tmp_path / "id.txt").read_text() == reading(files).id
