"""A page with only Pyodide, NumPy and our package, to run Python in a browser without the site.

Benchmarks and tests of the engines use it. Owns the server that the page comes from.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from scripts.sitebuild import archive, parts, prune

TYPES = {"html": "text/html", "mjs": "text/javascript", "js": "text/javascript", "wasm": "application/wasm"}
BOOT = """async ([wheel]) => {
  const { loadPyodide } = await import("./pyodide.mjs");
  globalThis.pyodide = await loadPyodide({ packages: [] });
  await pyodide.loadPackage(new URL(wheel, location.href).href, { messageCallback: () => {} });
  const zip = await (await fetch("python.zip")).arrayBuffer();
  pyodide.unpackArchive(zip, "zip", { extractDir: "/lib/page" });
  pyodide.runPython("import sys; sys.path.insert(0, '/lib/page')");
}"""
RUN = """async ([code, args]) => {
  pyodide.globals.set("_args", JSON.stringify(args));
  return await pyodide.runPythonAsync(code);
}"""
PACKAGE = parts.ROOT / "py" / "tabgrad"
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
WHEEL = "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"


def _files(folders: Sequence[Path]) -> dict[str, bytes]:
    """All files that the page fetches, by URL path. Modules in `folders` of the repository can be imported there."""
    files = {f"/{name}": parts.npm_file(f"pyodide/{name}") for name in PYODIDE_FILES}
    files["/pyodide.mjs"] = prune.pyodide_loader(files["/pyodide.mjs"])
    files["/pyodide.asm.js"] = prune.pyodide_module(files["/pyodide.asm.js"])
    files["/index.html"] = b"<!doctype html><title>engine</title><link rel=icon href=data:,>"
    files[f"/{WHEEL}"] = parts.numpy_wheel()[0]
    modules = {f"tabgrad/{p.relative_to(PACKAGE)}": p.read_bytes() for p in PACKAGE.rglob("*.py")}
    modules |= {str(p.relative_to(parts.ROOT)): p.read_bytes() for folder in folders for p in folder.glob("*.py")}
    files["/python.zip"] = archive.pack(modules)
    return files


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve `files`, by URL path, on a free port of this machine; gives the URL, without a slash at its end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", TYPES.get(self.path.rpartition(".")[2], "application/octet-stream"))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class PyodidePage:
    """The page. `errors` has the errors in the browser's console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def run(self, body: str, **args: Any) -> Any:
        """Run the body of a coroutine with the variables `args`; returns what it returns. Both must be JSON values."""
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        names = "".join(f"    {name} = _all[{name!r}]\n" for name in args)
        head = "import json\n_all = json.loads(_args)\nasync def _main():\n"
        code = f"{head}{names}{indented}\njson.dumps(await _main())"
        return json.loads(self.page.evaluate(RUN, [code, args]))

    def put(self, files: Mapping[str, bytes], folder: str) -> None:
        """Write files into Pyodide's file system."""
        encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
        self.run(
            "import base64, pathlib\n"
            "pathlib.Path(folder).mkdir(parents=True, exist_ok=True)\n"
            "for name, content in files.items():\n"
            "    (pathlib.Path(folder) / name).write_bytes(base64.b64decode(content))",
            files=encoded,
            folder=folder,
        )


@contextmanager
def pyodide_page(browser: Browser, *folders: Path) -> Iterator[PyodidePage]:
    """Open a page in `browser` and load everything, with the modules in these folders of the repository."""
    with served(_files(folders)) as url:
        context = browser.new_context()
        try:
            page = context.new_page()
            opened = PyodidePage(page)
            page.goto(f"{url}/index.html")
            page.evaluate(BOOT, [WHEEL])
            yield opened
        finally:
            context.close()
