"""The licences of all parts of the site, collected in one text file."""

from collections.abc import Mapping
from importlib import metadata

from scripts.sitebuild.archive import unpack
from scripts.sitebuild.parts import ROOT, BuildError, npm_file, pyodide_version

#: npm's pyodide package has no licence file of its own.
PYODIDE = """Pyodide {version}, https://github.com/pyodide/pyodide: Mozilla Public License 2.0, https://mozilla.org/MPL/2.0/
It contains CPython 3.13, https://www.python.org: PSF License, https://docs.python.org/3.13/license.html
Both are unchanged, except that the standard library was reduced and compiled to bytecode."""
RULE = "\n\n" + 80 * "-" + "\n\n"


def gathered(numpy_wheel: bytes, bundled: Mapping[str, str]) -> bytes:
    """All licences as UTF-8 text, ours first. `numpy_wheel` is the original wheel; `bundled` has more, by name."""
    wheel = unpack(numpy_wheel)
    numpy = next((name for name in wheel if name.endswith(".dist-info/LICENSE.txt")), None)
    tinygrad = next((p for p in metadata.files("tinygrad") or [] if p.name == "LICENSE"), None)
    if numpy is None or tinygrad is None:
        raise BuildError(
            "NumPy or tinygrad has moved its licence file: find it, and correct its name in sitebuild/licences.py."
        )
    texts = {
        "tabgrad": (ROOT / "LICENSE").read_text(),
        "Pyodide and Python": PYODIDE.format(version=pyodide_version()),
        "PyScript": npm_file("@pyscript/core/LICENSE").decode(),
        "NumPy (without the parts that the page does not use)": wheel[numpy].decode(),
        "tinygrad (its compiler)": tinygrad.read_text(),
        "uPlot": npm_file("uplot/LICENSE").decode(),
        **bundled,
        "Atkinson Hyperlegible Next": (ROOT / "web" / "fonts" / "OFL.txt").read_text(),
    }
    return RULE.join(f"{name}\n\n{text.strip()}" for name, text in texts.items()).encode() + b"\n"
