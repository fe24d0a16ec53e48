"""Reads docs/HOW-TO.md and does what it says to a copy of the package.

A sentence of the text that ends with a colon names a file and a place, and the code block below it is what goes there:
"In `a/b.py`, a row of `TABLE`:", "above `NAME`:", "`name` becomes:", or "a new file:".
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOW_TO = (ROOT / "docs" / "HOW-TO.md").read_text()
_EDIT = re.compile(r"In\s`([\w/.]+\.py)`,\s([^:]+):\n\n```python\n(.*?)```", re.DOTALL)
_ROW = re.compile(r"^\| (.+) \| (\d+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Edit:
    """`path` within the package; `place` is the end of the sentence; `code` the block below it."""

    path: str
    place: str
    code: str

    def apply(self, package: Path) -> None:
        """Change the file, which must have the place exactly once."""
        path, name = package / self.path, "".join(re.findall("`(.+)`", self.place))
        if self.place == "a new file":
            path.parent.mkdir(exist_ok=True)
            with path.open("x") as file:  # an example must not take the place of a real file
                file.write(self.code)
            return
        pattern, new = {
            f"a row of `{name}`": (rf"^({name}\b[^\n]* = {{.*?)^}}", r"\1" + self.code.replace("\\", r"\\") + "}"),
            f"above `{name}`": (rf"^((?:#:[^\n]*\n)*{name}\b)", self.code + r"\n\n\1"),
            f"`{name}` becomes": (rf"^def {name}\(.*?(?=\n\n\n)", self.code.rstrip()),
        }[self.place]
        text, count = re.subn(pattern, new, path.read_text(), flags=re.MULTILINE | re.DOTALL)
        assert count == 1, f"{self.place} of {self.path}: found {count} times"
        path.write_text(text)


def edits() -> dict[str, list[Edit]]:
    """The edits of each paragraph by its title, such as "An activation"."""
    paragraphs = re.split(r"^## ", HOW_TO, flags=re.MULTILINE)[1:]
    return {p.split("\n", 1)[0]: [Edit(*found) for found in _EDIT.findall(p)] for p in paragraphs}


def promised_files() -> dict[str, int]:
    """What the table says: how many files each addition takes, by the title of its paragraph."""
    return {title.capitalize().replace("cnn", "CNN"): int(files) for title, files in _ROW.findall(HOW_TO)}


def copy_package(folder: Path) -> Path:
    """A copy of py/ in `folder`; returns the package in it."""
    shutil.copytree(ROOT / "py", folder / "py", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "py" / "tabgrad"


def copy_project(folder: Path) -> Path:
    """As `copy_package`, with everything else that the site is built from."""
    for name in ("web", "models", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "node_modules", ".cache"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return copy_package(folder)


def run_module(package: Path, *arguments: str, folder: Path = ROOT) -> None:
    """Run `python -m` with the package of a copy in place of this one; AssertionError with its output if it fails."""
    paths = [str(package.parent), str(package.parents[1]), str(ROOT / "typings")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths[:2]), "MYPYPATH": os.pathsep.join(paths[::2])}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
