"""The local server behaves as a usual static host, and serves nothing outside its folder."""

import gzip
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.serve import StaticServer, main, open_server

HASHED = "app.0123456789.js"
TEXT = "let a = 'ä';\n" * 100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    root = tmp_path_factory.mktemp("www")
    site = root / "site"
    (site / "deep").mkdir(parents=True)
    (root / "secret.txt").write_text("secret")
    (site / "index.html").write_text("<p>hello")
    (site / HASHED).write_text(TEXT)
    (site / "deep" / "index.html").write_text("<p>deep")
    (site / "deep" / "a b.wasm").write_bytes(b"\0asm")
    running = open_server(site, 0)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def get(server: StaticServer, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def test_types_and_folders(server: StaticServer) -> None:
    assert get(server, "/").read() == b"<p>hello"
    assert get(server, "/?engine=wasm").getheader("Content-Type") == "text/html; charset=utf-8"
    assert get(server, f"/{HASHED}").getheader("Content-Type") == "text/javascript; charset=utf-8"
    assert get(server, "/deep/a%20b.wasm").getheader("Content-Type") == "application/wasm"
    assert get(server, "/deep").getheader("Location") == "/deep/"
    assert get(server, "/deep/").read() == b"<p>deep"


@pytest.mark.parametrize("path", ["/nothing", "/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd"])
def test_nothing_outside_the_folder_is_served(server: StaticServer, path: str) -> None:
    assert get(server, path).status == 404


def test_gzip_is_used_only_if_accepted(server: StaticServer) -> None:
    plain = get(server, f"/{HASHED}")
    assert plain.getheader("Content-Encoding") is None
    assert plain.read() == TEXT.encode()
    zipped = get(server, f"/{HASHED}", Accept_Encoding="gzip, br")
    assert zipped.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(zipped.read()) == TEXT.encode()


def test_an_unchanged_file_is_not_sent_again(server: StaticServer) -> None:
    first = get(server, "/")
    etag = first.getheader("ETag") or ""
    again = get(server, "/", If_None_Match=etag)
    assert (again.status, again.read()) == (304, b"")
    assert get(server, "/", If_None_Match='"other"').status == 200


def test_only_names_with_a_hash_are_cached_for_ever(server: StaticServer) -> None:
    assert "immutable" in (get(server, f"/{HASHED}").getheader("Cache-Control") or "")
    assert get(server, "/").getheader("Cache-Control") == "no-cache"


def test_head_gives_the_length_and_no_body(server: StaticServer) -> None:
    head = get(server, f"/{HASHED}", method="HEAD")
    assert (head.getheader("Content-Length"), head.read()) == (str(len(TEXT.encode())), b"")


def test_another_port_is_used_if_one_is_taken(server: StaticServer, tmp_path: Path) -> None:
    with open_server(tmp_path, server.server_port) as other:
        assert other.server_port != server.server_port


def test_a_folder_without_a_site_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path)]) == 1
    assert "make build" in capsys.readouterr().err
