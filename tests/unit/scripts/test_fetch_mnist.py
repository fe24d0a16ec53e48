"""Finding and fetching MNIST: the order of the sources, and one clear sentence for each thing that can be wrong."""

import gzip
import hashlib
from pathlib import Path

import pytest

from scripts import fetch_mnist
from tabgrad.data import DataError, idx

#: Stand-ins for the four files, by name: small, with hashes of their own.
CONTENT = {name: f"the content of {name}".encode() for name in idx.MNIST_SHA256}


@pytest.fixture(autouse=True)
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Other hashes, an empty cache, no variable: returns the cache folder."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    for module in (idx, fetch_mnist):
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
    assert {name: idx.unzip(content) for name, content in files.items()} == CONTENT


def test_the_argument_goes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fetch_mnist.VARIABLE, str(tmp_path / "nowhere"))
    assert fetch_mnist.locate(fill(tmp_path / "mine")) is not None


def test_a_named_folder_without_the_files_is_an_error_and_no_reason_to_download(
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


def test_fetching_fills_the_cache_and_is_not_repeated(stand_ins: Path) -> None:
    assert fetch_mnist.locate() is None
    fetched = fetch_mnist.fetch_all(mirror)
    assert fetch_mnist.locate() == fetched
    assert sorted(path.name for path in stand_ins.iterdir()) == sorted(f"{name}.gz" for name in CONTENT)


def test_the_second_mirror_is_asked_where_the_first_is_down_or_wrong() -> None:
    first = fetch_mnist.MIRRORS[0]
    for bad in (None, b"<html>not found</html>", mirror("train-images-idx3-ubyte.gz")[:20]):
        fetch_mnist.fetch_all(lambda url, bad=bad: bad if url.startswith(first) else mirror(url))


def test_no_mirror_gives_one_sentence_and_leaves_no_file(stand_ins: Path) -> None:
    with pytest.raises(DataError, match=fetch_mnist.VARIABLE):
        fetch_mnist.fetch_all(lambda url: None)
    with pytest.raises(DataError, match="sent something else"):
        fetch_mnist.fetch_all(lambda url: b"<html>")
    assert not stand_ins.exists()


@pytest.mark.parametrize(("arguments", "status"), [(["--optional"], 0), ([], 1)])
def test_optional_means_a_sentence_instead_of_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    def offline() -> None:
        raise DataError("No mirror.")

    monkeypatch.setattr(fetch_mnist, "fetch_all", offline)
    assert fetch_mnist.main(arguments) == status
    assert capsys.readouterr().err == "No mirror.\n"
