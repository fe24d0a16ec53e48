"""The code editor: web/editor.js, bundled with the parts of CodeMirror that it uses, as one classic script.

Owns how it is bundled, and knows whose code is in it.
"""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.sitebuild.parts import NODE_MODULES, ROOT, BuildError, npm_file

SOURCE = ROOT / "web" / "editor.js"
#: What the script calls its exports, as `interop.code_editor` uses them.
GLOBAL = "tabgradEditor"
#: The folder of an npm package in a path.
PACKAGE = re.compile(r".*node_modules/((?:@[^/]+/)?[^/]+)/")
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Bundle:
    """The `script`, and the names of the npm `packages` whose code is in it."""

    script: bytes
    packages: list[str]


def bundled(source: Path = SOURCE) -> Bundle:
    """The editor as one minified script. Raises BuildError."""
    tool = NODE_MODULES / ".bin" / "esbuild"
    if not tool.exists():
        raise BuildError("esbuild is not installed: run `npm ci` (or `make build`, which does).")
    with tempfile.TemporaryDirectory() as folder:
        script, report = Path(folder) / "editor.js", Path(folder) / "report.json"
        options = ["--bundle", "--minify", "--format=iife", f"--global-name={GLOBAL}", "--target=es2022"]
        # Licences are in a file of their own, see sitebuild.licences.
        options += ["--legal-comments=none", "--log-level=warning", f"--metafile={report}", f"--outfile={script}"]
        done = subprocess.run(
            [tool, source, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        if done.returncode:
            raise BuildError(f"esbuild cannot bundle web/{source.name}, correct it:\n{done.stderr.strip()}")
        inputs = json.loads(report.read_text())["inputs"]
        return Bundle(script.read_bytes(), sorted({match[1] for path in inputs if (match := PACKAGE.match(path))}))


def licences(packages: list[str]) -> dict[str, str]:
    """The licence of each of these npm packages, by its name; the same text is there once, for several names."""
    names: dict[str, list[str]] = {}
    for package in packages:
        names.setdefault(npm_file(f"{package}/LICENSE").decode().strip(), []).append(package)
    return {", ".join(several): text for text, several in names.items()}
