"""Fills in the template web/index.html. Owns the Content-Security-Policy and the configuration of PyScript.

`{{name}}` is replaced by the URL of web/NAME, which has a hash in it. A few names (`{{csp}}`, `{{manifest}}`, …) are
replaced by what the build makes. Any other name stops the build.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from scripts.sitebuild.parts import BuildError

#: As strict as possible: PyScript needs `unsafe-eval` and starts its workers from blob: URLs.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
    "worker-src": "'self' blob:",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
#: PyScript loads these plugins unless they are switched off, and the page uses none of them. Without `error`, PyScript
#: does not show its own red box; the page shows errors itself.
PLUGINS_OFF = ["codemirror", "deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal"]
PLACEHOLDER = re.compile(r"\{\{([\w./-]+)\}\}")


def policy() -> str:
    """The Content-Security-Policy, for a meta tag: a static host sets no headers."""
    return "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items())


def pyscript_config(pyodide_url: str) -> str:
    """PyScript's configuration as JSON. Without `interpreter`, it would load Pyodide from a CDN."""
    config = {"interpreter": f"./{pyodide_url}pyodide.mjs", "plugins": [f"!{name}" for name in PLUGINS_OFF]}
    return json.dumps(config, separators=(",", ":"))


def inline_json(value: Any) -> str:
    """JSON that is safe inside a script element, because it cannot contain `</script>`."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def service_worker(source: str, version: str, files: Mapping[str, bytes]) -> str:
    """web/sw.js with what it caches and the hash of each: `files` on the first visit, `data` (training sets) when used.

    The hashes are in the form of https://www.w3.org/TR/SRI/.
    """
    hashes = {url: integrity(content) for url, content in files.items()}
    data = {url: value for url, value in hashes.items() if url.startswith("data/")}
    build = {"version": version, "data": data, "files": {u: v for u, v in hashes.items() if u not in data}}
    return f"const BUILD = {inline_json(build)};\n{source}"


def integrity(content: bytes) -> str:
    """The hash of a file that browsers compare before they use it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


def fill(template: str, made: Mapping[str, str], url_of: Callable[[str], str | None]) -> str:
    """Replace each placeholder by `made[name]` or by the URL of web/NAME. Raises BuildError for an unknown name.

    `url_of(name)` returns the URL of web/NAME, or None if there is no such file. Everything except the manifest is
    escaped for use in an attribute.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "manifest":
            return made[name]
        found = made.get(name) or url_of(name)
        if found is None:
            raise BuildError(f"web/index.html has {{{{{name}}}}}, which is no file in web/ and not made by the build.")
        return html.escape(found, quote=True)

    return PLACEHOLDER.sub(value, template)
