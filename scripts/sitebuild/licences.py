"""The licences of what the site carries, as one text file beside it. Only gathers; the texts are their owners'."""

from importlib import metadata

from scripts.sitebuild.archive import unpack
from scripts.sitebuild.parts import ROOT, BuildError, npm_file, pyodide_version

#: npm's pyodide package has no licence file of its own.
PYODIDE = """Pyodide {version}, https://github.com/pyodide/pyodide: Mozilla Public License 2.0, https://mozilla.org/MPL/2.0/
It contains CPython 3.13, https://www.python.org: PSF License, https://docs.python.org/3.13/license.html
Both are unchanged, but that the standard library was reduced and compiled to bytecode."""
RULE = "\n\n" + 80 * "-" + "\n\n"


def gathered(numpy_wheel: bytes) -> bytes:
    """All licences, ours first, as UTF-8 text. `numpy_wheel` is the original wheel."""
    wheel = unpack(numpy_wheel)
    numpy = next((name for name in wheel if name.endswith(".dist-info/LICENSE.txt")), None)
    tinygrad = next((p for p in metadata.files("tinygrad") or [] if p.name == "LICENSE"), None)
    if numpy is None or tinygrad is None:
        raise BuildError(
            "The licence of NumPy or tinygrad is not where it was: look for it, and say so in licences.py."
        )
    texts = {
        "tabgrad": (ROOT / "LICENSE").read_text(),
        "Pyodide and Python": PYODIDE.format(version=pyodide_version()),
        "PyScript": npm_file("@pyscript/core/LICENSE").decode(),
        "NumPy (parts that the page never uses were left out)": wheel[numpy].decode(),
        "tinygrad (its compiler)": tinygrad.read_text(),
        "uPlot": npm_file("uplot/LICENSE").decode(),
        "Atkinson Hyperlegible Next": (ROOT / "web" / "fonts" / "OFL.txt").read_text(),
    }
    return RULE.join(f"{name}\n\n{text.strip()}" for name, text in texts.items()).encode() + b"\n"
