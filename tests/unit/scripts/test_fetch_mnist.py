"""Finding and fetching MNIST: the order of the places, and one clear sentence for each error."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import fetch_mnist
from tabgrad.data import DataError, mnist

#: Small files instead of MNIST's four, by name.
CONTENT = {name: f"the content of {name}".encode() for name in mnist.MNIST_SHA256}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hashes of the small files, an empty cache, no variable; returns the cache folder."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    for module in (mnist, fetch_mnist):
        monkeypatch.setattr(module, "MNIST_SHA256", hashes)
    monkeypatch.setattr(fetch_mnist, "CACHE", tmp_path / "cache")
    monkeypatch.delenv(fetch_mnist.VARIABLE, raising=False)
    return tmp_path / "cache"


def fill(folder: Path, *, zipped: bool = True) -> Path:
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def mirror(url: str) -> bytes:
    return gzip.compress(CONTENT[url.rpartition("/")[2].removesuffix(".gz")])


@pytest.mark.parametrize("zipped", [True, False])
def test_a_named_folder_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
    folder = fill(tmp_path / "mine", zipped=zipped)
    monkeypatch.setenv(fetch_mnist.VARIABLE, str(folder))
    files = fetch_mnist.locate()
    assert files is not None
    assert {name: mnist.unzip(content) for name, content in files.items()} == CONTENT


def test_the_argument_overrides_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fetch_mnist.VARIABLE, str(tmp_path / "nowhere"))
    assert fetch_mnist.locate(fill(tmp_path / "mine")) is not None


def test_a_named_folder_without_the_files_is_an_error_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch_mnist, "fetch_all", lambda: pytest.fail("it went to the mirrors"))
    assert fetch_mnist.main(["--optional", "--from", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "mine")
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte"):
        fetch_mnist.locate(folder)


def test_fetched_files_are_found_in_the_cache(cache: Path) -> None:
    assert fetch_mnist.locate() is None
    fetched = fetch_mnist.fetch_all(mirror)
    assert fetch_mnist.locate() == fetched
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in CONTENT)


def test_the_second_mirror_is_used_if_the_first_is_down_or_wrong() -> None:
    first = fetch_mnist.MIRRORS[0]
    for bad in (None, b"<html>not found</html>", mirror("train-images-idx3-ubyte.gz")[:20]):
        fetch_mnist.fetch_all(lambda url, bad=bad: bad if url.startswith(first) else mirror(url))


def flipped(content: bytes) -> bytes:
    """A gzip file whose stream is damaged in the middle, which zlib says in its own way."""
    middle = len(content) // 2
    return content[:middle] + bytes(255 - byte for byte in content[middle : middle + 4]) + content[middle + 4 :]


@pytest.mark.parametrize(
    "damage", [flipped, lambda content: content[:-9], lambda content: b"", lambda content: b"\x1f\x8b"]
)
def test_a_damaged_file_of_the_cache_is_deleted_and_fetched_again(
    cache: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes]
) -> None:
    name = "t10k-images-idx3-ubyte"
    path = fill(cache) / f"{name}.gz"
    path.write_bytes(damage(path.read_bytes()))
    asked = list[str]()

    def fetch(url: str) -> bytes:
        asked.append(url)
        return mirror(url)

    assert fetch_mnist.locate() is None
    assert name in capsys.readouterr().err
    assert not path.exists()
    assert fetch_mnist.fetch_all(fetch).keys() == CONTENT.keys()
    assert asked == [f"{fetch_mnist.MIRRORS[0]}{name}.gz"]
    assert fetch_mnist.locate() is not None


def test_a_mirror_with_a_damaged_file_is_one_sentence_that_names_it(cache: Path) -> None:
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz cannot be fetched"):
        fetch_mnist.fetch_all(lambda url: flipped(mirror(url)))
    fetch_mnist.fetch_all(lambda url: (flipped if url.startswith(fetch_mnist.MIRRORS[0]) else bytes)(mirror(url)))
    assert fetch_mnist.locate() is not None


def test_without_a_mirror_the_error_is_one_sentence_and_no_file_is_left(cache: Path) -> None:
    with pytest.raises(DataError, match=fetch_mnist.VARIABLE):
        fetch_mnist.fetch_all(lambda url: None)
    with pytest.raises(DataError, match="sent a wrong file"):
        fetch_mnist.fetch_all(lambda url: b"<html>")
    assert not cache.exists()


@pytest.mark.parametrize(("arguments", "status"), [(["--optional"], 0), ([], 1)])
def test_optional_makes_a_failed_download_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    def offline() -> None:
        raise DataError("No mirror.")

    monkeypatch.setattr(fetch_mnist, "fetch_all", offline)
    assert fetch_mnist.main(arguments) == status
    assert capsys.readouterr().err == "No mirror.\n"
