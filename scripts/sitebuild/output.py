"""The output folder. The names of all files, except the entry points, have a hash of the content in them.

A changed file has a new URL, so browsers can cache files for ever and never mix two builds.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from scripts.sitebuild.parts import sha256

HASH_DIGITS = 10
HASHED = re.compile(rf"[.-][0-9a-f]{{{HASH_DIGITS}}}(\.\w+$|/)")


def is_hashed(url: str) -> bool:
    """Whether a URL of the site has a hash in it, so that its content never changes."""
    return HASHED.search(url) is not None


class Site:
    """The files of the site: `files` is {URL relative to index.html: content}."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, name: str, content: bytes) -> str:
        """Add a file with a hash in its name (`style.css` -> `style.1a2b3c4d5e.css`); returns its URL."""
        path = PurePosixPath(name)
        url = str(path.with_name(f"{path.stem}.{sha256(content)[:HASH_DIGITS]}{path.suffix}"))
        self.files[url] = content
        return url

    def add_folder(self, name: str, files: Mapping[str, bytes]) -> str:
        """Add files that refer to each other by name, in a folder with a hash of all of them; returns its URL.

        The URL ends in a slash.
        """
        digest = sha256("".join(f"{file}\n{sha256(files[file])}\n" for file in sorted(files)).encode())
        folder = f"{name}-{digest[:HASH_DIGITS]}/"
        self.files |= {folder + file: content for file, content in files.items()}
        return folder

    def add_plain(self, name: str, content: bytes) -> str:
        """Add a file that must keep its name: index.html, the service worker. Returns its URL."""
        self.files[name] = content
        return name

    def sizes(self, urls: list[str]) -> dict[str, int]:
        """Uncompressed sizes, {URL: bytes}."""
        return {url: len(self.files[url]) for url in urls}

    def version(self) -> str:
        """A hash of all files so far: two builds of the same input have the same version."""
        return sha256("".join(f"{url} {sha256(self.files[url])}\n" for url in sorted(self.files)).encode())[
            :HASH_DIGITS
        ]

    def write(self, folder: Path) -> None:
        """Replace `folder` by the site. A running server serves either the old site or the new one."""
        fresh, old = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        for url, content in self.files.items():
            path = fresh / url
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
