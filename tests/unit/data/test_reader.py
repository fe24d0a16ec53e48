"""Packed data sets: packing MNIST, its split, reading while blocks arrive, the order of samples, damaged files."""

import asyncio
import gzip
import hashlib
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgrad.data import DataError
from tabgrad.data.blocks import SplitSource
from tabgrad.data.index import BlockInfo, DataIndex, SplitInfo, load_index
from tabgrad.data.mnist import MAX_IDX_BYTES, MNIST_SHA256, check_mnist, pack_mnist, parse_idx, split_mnist, unzip
from tabgrad.data.packed import PAST_CACHES, PackedData, open_packed

MNIST_DIR = Path(os.environ.get("TABGRAD_MNIST_DIR", Path(__file__).parents[4] / "shared" / "mnist"))


def mnist_files() -> dict[str, bytes]:
    return {name: (MNIST_DIR / f"{name}.gz").read_bytes() for name in MNIST_SHA256}


def small(counts: tuple[int, ...] = (7, 7, 4)) -> dict[str, bytes]:
    """A data set in memory. All pixels of an image (3x2) are the number of the sample; the label is its last digit."""
    files: dict[str, bytes] = {}
    blocks, start = [], 0
    for k, n in enumerate(counts):
        numbers = np.arange(start, start + n, dtype=np.uint8)
        raw = np.repeat(numbers, 6).tobytes() + (numbers % 10).tobytes()
        files[f"{k}.bin"] = gzip.compress(raw, mtime=0)
        blocks.append(BlockInfo(f"{k}.bin", n, hashlib.sha256(raw).hexdigest(), len(files[f"{k}.bin"])))
        start += n
    histogram = tuple(int(n) for n in np.bincount(np.arange(start) % 10, minlength=10))
    split = SplitInfo(start, histogram, tuple(blocks))
    index = DataIndex("small", (3, 2), 10, "", {}, {"train": split, "validation": split, "test": split})
    return {"index.json": index.dumps().encode(), **files}


def opened(files: dict[str, bytes], log: list[str] | None = None) -> PackedData:
    async def fetch(name: str) -> bytes:
        if log is not None:
            log.append(name)
        await asyncio.sleep(0)
        return files[name if name in files else name.removesuffix(PAST_CACHES)]

    return asyncio.run(open_packed("index.json", fetch))


def test_idx_reads_shapes_and_refuses_everything_else() -> None:
    data = b"\0\0\x08\x02" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(range(6))
    assert parse_idx(data).tolist() == [[0, 1, 2], [3, 4, 5]]
    for damaged in (b"", data[:5], data[:-1], data + b"\0", b"PK" + data[2:], b"\0\0\x0d" + data[3:]):
        with pytest.raises(DataError):
            parse_idx(damaged)


def test_a_file_that_is_not_mnist_is_named() -> None:
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is not MNIST's"):
        check_mnist("t10k-labels-idx1-ubyte", gzip.compress(b"something else"))
    with pytest.raises(DataError, match="gzip stream breaks off"):
        check_mnist("t10k-labels-idx1-ubyte", gzip.compress(bytes(1000))[:-9])


def test_a_damaged_idx_file_is_one_sentence_that_names_it() -> None:
    zipped = gzip.compress(bytes(1000), mtime=0)
    damaged = [zipped[:5], zipped[:20], zipped[:-9], zipped[:12] + b"\xff" * 9 + zipped[21:], zipped[:-4] + bytes(4)]
    for data in damaged:
        with pytest.raises(DataError, match=r"^t10k is damaged, its gzip stream breaks off: fetch it again\.$"):
            unzip(data, "t10k")
    with pytest.raises(DataError, match="t10k is far larger"):
        unzip(gzip.compress(bytes(MAX_IDX_BYTES + 1), 1), "t10k")
    sizes = (4).to_bytes(4, "big")
    for data in (b"\0\0\x08\xff" + bytes(9), b"\0\0\x08\0", b"\0\0\x08\x09" + sizes * 9):
        with pytest.raises(DataError, match="t10k is damaged, its header breaks off"):
            parse_idx(data, "t10k")
    for data in (b"\0\0\x08\x03" + bytes(4) + b"\xff" * 8, b"\0\0\x08\x01" + sizes + bytes(3)):
        with pytest.raises(DataError, match="t10k does not hold as many values"):
            parse_idx(data, "t10k")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [28.0, 28]},
        {"shape": ["28", "28"]},
        {"shape": [4000, 4000]},
        {"classes": True},
        {"name": 3},
        {"sources": {"a": 1}},
        {"splits": []},
        {"version": "1" * 500},
        {"version": True},
        {"version": 1.0},
        {"name": "x" * 10**6},
    ],
)
def test_an_index_of_other_types_or_without_bounds_is_refused(change: dict[str, object]) -> None:
    body = json.loads(small()["index.json"])
    with pytest.raises(DataError) as caught:
        load_index(json.dumps({**body, **change}))
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../secret"},
        {"file": ".."},
        {"file": "."},
        {"file": "https://x"},
        {"file": ""},
        {"sha256": "0"},
        {"count": "7"},
    ],
)
def test_a_block_that_cannot_be_one_is_refused(change: dict[str, object]) -> None:
    body = json.loads(small()["index.json"])
    body["splits"]["train"]["blocks"][0] |= change
    with pytest.raises(DataError, match="damaged"):
        load_index(json.dumps(body))


def test_blocks_and_samples_are_fetched_once_and_only_when_needed() -> None:
    log: list[str] = []
    data = opened(small(), log)
    assert log == ["index.json"]
    image, label = asyncio.run(data.train.sample(13))
    assert (image == 13).all()
    assert label == 3
    assert log == ["index.json", "1.bin"]
    assert not data.train.complete


def test_concurrent_readers_share_one_fetch() -> None:
    log: list[str] = []

    async def main() -> None:
        data = opened_inside(log)
        split = (await data).train
        await asyncio.gather(split.block(0), split.block(0), split.load(), split.sample(3))

    async def opened_inside(log: list[str]) -> PackedData:
        files = small()

        async def fetch(name: str) -> bytes:
            log.append(name)
            await asyncio.sleep(0)
            return files[name]

        return await open_packed("index.json", fetch)

    asyncio.run(main())
    assert sorted(log) == ["0.bin", "1.bin", "2.bin", "index.json"]


@pytest.mark.parametrize("i", [-1, 18, 10**9])
def test_a_missing_sample_is_named(i: int) -> None:
    with pytest.raises(DataError, match="There is no sample"):
        asyncio.run(opened(small()).train.sample(i))


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-5], lambda b: b"", lambda b: gzip.compress(b"x" * 49), lambda b: b[::-1]]
)
def test_a_damaged_block_is_refused_and_can_be_fetched_again(damage: Callable[[bytes], bytes]) -> None:
    files = small()
    good = files["1.bin"]
    files["1.bin"] = damage(good)
    split = opened(files).train

    async def main() -> int:
        with pytest.raises(DataError, match=r"1\.bin is damaged"):
            await split.block(1)
        assert (await split.sample(2))[1] == 2
        files["1.bin"] = good
        return (await split.sample(9))[1]

    assert asyncio.run(main()) == 9


@pytest.mark.parametrize("name", ["1.bin", "index.json"])
def test_what_a_cache_has_damaged_is_fetched_past_it(name: str) -> None:
    files = small()
    cached = {**files, name: b"<html>Sign in</html>", name + PAST_CACHES: files[name]}
    assert asyncio.run(opened(cached).train.sample(9))[1] == 9


@given(
    st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda c: st.dictionaries(
            st.sampled_from(["format", "version", "name", "shape", "classes", "order", "sources", "splits", "train"]), c
        ),
    ).map(json.dumps)
)
def test_any_text_is_refused_with_a_data_error(text: bytes | str) -> None:
    with pytest.raises(DataError):
        load_index(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"count": 18', '"count": 17'),
        ('"classes": 10', '"classes": 0'),
        ('"version": 1', '"version": 2'),
        ('"count": 7', '"count": -7'),
    ],
)
def test_an_index_with_contradictory_numbers_is_refused(old: str, new: str) -> None:
    text = small()["index.json"].decode()
    assert old in text
    with pytest.raises(DataError):
        load_index(text.replace(old, new))


def taken(seed: int, sizes: list[int], position: int = 0) -> list[int]:
    source = SplitSource(opened(small()).train, seed)
    source.position = position

    async def main() -> list[int]:
        seen: list[int] = []
        for n in sizes:
            images, labels = await source.take(n)
            assert (images[:, 0, 0] % 10 == labels).all()
            seen += images[:, 0, 0].tolist()
        return seen

    return asyncio.run(main())


def test_every_epoch_has_every_sample_once_in_a_new_order() -> None:
    seen = taken(3, [5] * 18)
    epochs = [seen[i : i + 18] for i in range(0, 90, 18)]
    assert all(sorted(epoch) == list(range(18)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_the_first_epoch_needs_one_block_at_a_time() -> None:
    seen = taken(3, [18])
    blocks = [n // 7 for n in seen]
    assert len(list(dict.fromkeys(blocks))) == sum(a != b for a, b in itertools.pairwise(blocks)) + 1


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_the_order_depends_on_seed_and_position_alone(seed: int, sizes: list[int]) -> None:
    whole = taken(seed, [sum(sizes)])
    assert taken(seed, sizes) == whole
    assert taken(seed, [sum(sizes) - sizes[0]] if len(sizes) > 1 else [], sizes[0]) == (whole[sizes[0] :])


def test_training_can_start_with_the_first_block() -> None:
    files = small()
    held = asyncio.Event()

    async def fetch(name: str) -> bytes:
        if name not in ("index.json", first):
            await held.wait()
        return files[name]

    first = f"{taken(5, [1])[0] // 7}.bin"

    async def main() -> None:
        source = SplitSource((await open_packed("index.json", fetch)).train, 5)
        await asyncio.wait_for(source.take(4), 5)
        waiting = asyncio.ensure_future(source.take(18))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        held.set()
        assert len((await waiting).labels) == 18

    asyncio.run(main())


@pytest.mark.mnist
@pytest.mark.skipif(not MNIST_DIR.exists(), reason="MNIST is not here")
def test_mnist_packs_into_fair_blocks_and_a_fixed_split() -> None:
    files = mnist_files()
    packed = pack_mnist(files)
    index = load_index(packed["index.json"])
    counts = {name: split.count for name, split in index.splits.items()}
    assert counts == {"train": 55_000, "validation": 5_000, "test": 10_000}
    assert sum(len(data) for data in packed.values()) < 16_000_000
    data = opened(packed)
    splits = split_mnist(files)
    for split in (data.train, data.validation, data.test):
        images, labels = asyncio.run(split.load())
        assert (images == splits[split.name].images).all()
        assert (labels == splits[split.name].labels).all()
    shares = np.bincount(splits["train"].labels) / 55_000
    for k in range(len(index.splits["train"].blocks)):
        block = splits["train"].labels[2000 * k : 2000 * k + 2000]
        assert np.abs(np.bincount(block, minlength=10) / len(block) - shares).max() < 0.04
    together = np.concatenate([splits["train"].images, splits["validation"].images]).reshape(60_000, 784)
    original = parse_idx(check_mnist("train-images-idx3-ubyte", files["train-images-idx3-ubyte"]))
    assert sorted(map(bytes, together)) == sorted(map(bytes, original.reshape(60_000, 784)))
