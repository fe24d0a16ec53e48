"""Reproducible zips: the same files give the same bytes, on any machine and at any time."""

import io
import zipfile
from collections.abc import Mapping

#: The earliest time that a zip can store. A real one would change the bytes, and so the URL, in every build.
EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Zip `files` ({path in the archive: content}): sorted, deflated, without times or owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix; the default depends on the machine
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[name], compresslevel=9)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """The files of a zip, {path: content}, without folders."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
