"""Serves the built site on this machine, for developers and tests: `python -m scripts.serve`. Not for the internet.

It behaves as a usual static host: content types, gzip, ETag, and no header that GitHub Pages does not send.
"""

import argparse
import errno
import gzip
import hashlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.sitebuild.output import is_hashed
from scripts.sitebuild.parts import ROOT

DEFAULT_PORT = 8000
#: Not the table of `mimetypes`: on some machines it has text/plain for .js, and then modules do not run.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
COMPRESSIBLE = {".html", ".js", ".mjs", ".css", ".py", ".json", ".webmanifest", ".txt", ".wasm", ".svg"}


@lru_cache(maxsize=256)
def encoded(path: Path, mtime_ns: int, compress: bool) -> tuple[bytes, str]:
    """Content of a file as it is sent, and its ETag. `mtime_ns` is there so that a changed file is read again."""
    content = path.read_bytes()
    if compress:
        content = gzip.compress(content, 6, mtime=0)
    return content, f'"{hashlib.sha256(content).hexdigest()[:20]}"'


class StaticHandler(BaseHTTPRequestHandler):
    """GET and HEAD of the files under `root`."""

    protocol_version = "HTTP/1.1"
    root: Path

    def do_GET(self) -> None:
        """Answer with the file, with 304 if the browser has it already, or with 404."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as GET does, without the content."""
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        path = self._file()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        if path.is_dir():
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", f"{urlsplit(self.path).path}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        compress = path.suffix in COMPRESSIBLE and "gzip" in self.headers.get("Accept-Encoding", "")
        stat = path.stat()
        content, etag = encoded(path, stat.st_mtime_ns, compress)
        fresh = self.headers.get("If-None-Match") == etag
        self.send_response(HTTPStatus.NOT_MODIFIED if fresh else HTTPStatus.OK)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", formatdate(stat.st_mtime, usegmt=True))
        immutable = is_hashed(path.relative_to(self.root).as_posix())
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if immutable else "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if not fresh:
            self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(content)))
            if compress:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body and not fresh:
            self.wfile.write(content)

    def _file(self) -> Path | None:
        """The file of the URL; or the folder, if its final slash is missing; or None."""
        url = unquote(urlsplit(self.path).path)
        path = (self.root / url.lstrip("/")).resolve()
        if not path.is_relative_to(self.root):
            return None
        if path.is_dir() and url.endswith("/"):
            path /= "index.html"
        return path if path.exists() else None

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the browser's network panel shows all requests."""


class StaticServer(ThreadingHTTPServer):
    """A server for one folder. A connection that the browser closes early is not an error."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        handler = type("Handler", (StaticHandler,), {"root": folder.resolve()})
        super().__init__(("127.0.0.1", port), handler)

    @property
    def url(self) -> str:
        """The address to open."""
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Report errors other than closed connections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # passed on unchanged


def open_server(folder: Path, port: int) -> StaticServer:
    """A server for `folder` on `port`, or on a free port if that one is taken."""
    try:
        return StaticServer(folder, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return StaticServer(folder, 0)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free port in the background; gives the URL, with a slash at its end."""
    with StaticServer(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.url
        finally:
            server.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serve the built site on this machine.")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="the folder to serve (default: dist)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}, else a free one")
    options = parser.parse_args(arguments)
    if not (options.folder / "index.html").is_file():
        print(f"{options.folder} has no built site: run `make build` first.", file=sys.stderr)
        return 1
    with open_server(options.folder, options.port) as server:
        if server.server_port != options.port:
            print(f"Port {options.port} is taken, so port {server.server_port} is used.")
        print(f"tabgrad is at {server.url} (Ctrl+C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
