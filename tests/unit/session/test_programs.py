"""Where programs come from: the site, an earlier visit, or the compiler; and what is damaged is made anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tabgrad.program import ProgramError, dumps, loads
from tabgrad.protocol import AnyEvent, Busy, Compiled
from tabgrad.session.plan import ProgramRequest, answer_request
from tabgrad.session.programs import ProgramLibrary, compile_program, drop_other_versions
from tabgrad.settings import RunSettings
from tests.unit.session.session_bench import MemoryCache
from tests.unit.ui.train.train_stores import FakeStorage

REQUEST = answer_request(replace(RunSettings(), hidden=(4,)), "wasm", "simd")


class Site:
    """A site with these files, and a count of how often the compiler was asked for."""

    def __init__(self, files: dict[str, bytes] | None = None, cache: MemoryCache | None = None) -> None:
        self.files = files or {}
        self.cache = MemoryCache() if cache is None else cache
        self.compilers = 0
        self.events: list[AnyEvent] = []
        prebuilt = {url.removesuffix(".json"): url for url in self.files}
        self.programs = ProgramLibrary(prebuilt, self._fetch, self.cache, self._load_compiler, "v1")

    async def _fetch(self, url: str) -> bytes:
        return self.files[url]

    async def _load_compiler(self) -> None:
        self.compilers += 1

    def get(self, request: ProgramRequest = REQUEST) -> list[str]:
        """Have the program; where it came from."""
        self.events.clear()
        asyncio.run(self.programs.get(request, self.events.append))
        return [event.source for event in self.events if isinstance(event, Compiled)]


@pytest.fixture(scope="module")
def text() -> bytes:
    return dumps(compile_program(REQUEST)).encode()


def test_a_prebuilt_program_needs_no_compiler(text: bytes) -> None:
    site = Site({f"{REQUEST.stem}.json": text})
    assert site.get() == ["prebuilt"]
    assert site.get() == []  # it is at hand now, which is no news
    assert site.compilers == 0


def test_any_other_is_compiled_once_and_kept_for_the_next_visit() -> None:
    first = Site()
    assert first.get() == ["compiled"]
    assert any(isinstance(event, Busy) for event in first.events)
    second = Site(cache=first.cache)
    assert second.get() == ["cache"]
    assert second.compilers == 0


def test_a_damaged_cache_entry_is_made_anew(text: bytes) -> None:
    cache = MemoryCache()
    cache[f"program/v1/{REQUEST.stem}"] = text[:-50]
    assert Site(cache=cache).get() == ["compiled"]
    assert cache[f"program/v1/{REQUEST.stem}"] == text


def test_a_kept_program_of_another_target_or_hash_is_made_anew(text: bytes) -> None:
    cache = MemoryCache()
    for kept in (
        dumps(replace(loads(text), variant="relaxed")).encode(),
        text.replace(b'"name": "', b'"name": "another '),
    ):
        cache[f"program/v1/{REQUEST.stem}"] = kept
        assert Site(cache=cache).get() == ["compiled"]
        assert cache[f"program/v1/{REQUEST.stem}"] == text


def test_a_damaged_file_of_the_site_is_one_sentence(text: bytes) -> None:
    with pytest.raises(ProgramError, match="truncated"):
        Site({f"{REQUEST.stem}.json": text[:-50]}).get()


def test_a_network_that_cannot_be_built_is_one_sentence() -> None:
    request = ProgramRequest("infer", {"kind": "cnn", "stages": ["pool"] * 9}, {}, "wasm", "simd")
    with pytest.raises(ProgramError):
        compile_program(request)


def test_programs_of_other_versions_are_deleted_and_nothing_else_is() -> None:
    mine = {"program/v1/train": b"1", "mine/drawings": b"2"}
    storage = FakeStorage(mine | {"program/v0/train": b"3", "program/v10/infer": b"4"})
    asyncio.run(drop_other_versions(storage.open, "v1"))
    assert dict(storage) == mine
    storage.fault = "The browser does not let this page store anything."
    asyncio.run(drop_other_versions(storage.open, "v2"))
    assert dict(storage) == mine
