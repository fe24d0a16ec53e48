"""web/index.html is a template: this fills it in. Owns the Content-Security-Policy and PyScript's configuration.

`{{name}}` stands for the URL of web/NAME, content-hashed; a few names (`{{csp}}`, `{{manifest}}`, …) stand for what the
build makes. A name that is neither stops the build.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from scripts.sitebuild.parts import BuildError

#: As strict as the parts allow: PyScript needs `unsafe-eval` and starts its workers from blob: URLs; the rest is ours.
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
#: PyScript loads its plugins whether a page uses them or not; none is used here. `!error` keeps its red box out of the
#: page, where errors have their own place.
PLUGINS_OFF = ["codemirror", "deprecations-manager", "donkey", "error", "py-editor", "py-game", "py-terminal"]
PLACEHOLDER = re.compile(r"\{\{([\w./-]+)\}\}")


def policy() -> str:
    """The Content-Security-Policy, for a meta tag: a static host sets no headers."""
    return "; ".join(f"{directive} {sources}" for directive, sources in POLICY.items())


def pyscript_config(pyodide_url: str) -> str:
    """PyScript's configuration as JSON; `interpreter` keeps it from asking a CDN for Pyodide."""
    config = {"interpreter": f"./{pyodide_url}pyodide.mjs", "plugins": [f"!{name}" for name in PLUGINS_OFF]}
    return json.dumps(config, separators=(",", ":"))


def inline_json(value: Any) -> str:
    """JSON that is safe inside a script element: `</script>` cannot occur in it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


def service_worker(source: str, version: str, urls: list[str]) -> str:
    """web/sw.js with the list of what it keeps: `files` from the first visit on, `data` (the training sets) in time."""
    data = [url for url in urls if url.startswith("data/")]
    lists = {"version": version, "files": sorted(set(urls) - set(data)), "data": sorted(data)}
    return f"const BUILD = {inline_json(lists)};\n{source}"


def fill(template: str, made: Mapping[str, str], url_of: Callable[[str], str | None]) -> str:
    """Replace every placeholder: by `made[name]` (escaped for an attribute unless it is the manifest), else by a URL.

    `url_of(name)` gives the URL of web/NAME or None where there is no such file.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "manifest":
            return made[name]
        found = made.get(name) or url_of(name)
        if found is None:
            raise BuildError(
                f"web/index.html asks for {{{{{name}}}}}, which is neither a file of web/ nor made by the build."
            )
        return html.escape(found, quote=True)

    return PLACEHOLDER.sub(value, template)
