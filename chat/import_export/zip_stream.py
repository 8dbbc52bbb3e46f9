"""A zip that is made while it is sent: its bytes are taken away as they come."""

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any


class ZipStream:
    """In memory are the bytes that were not taken yet, and a few hundred for each entry, which the end names again."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)

    def entry(self, name: str, pieces: Iterable[str | bytes]) -> Iterator[bytes]:
        """The next bytes of the file. How long it will be is not known before."""
        with self._archive.open(_entry(name), "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece.encode() if isinstance(piece, str) else piece)
                yield self._sink.taken()

    def add(self, name: str, text: str) -> None:
        """A short entry, whose bytes are taken with the next."""
        self._archive.writestr(_entry(name), text)

    def taken(self) -> bytes:
        """What has come since."""
        return self._sink.taken()

    def close(self) -> bytes:
        """The last bytes of the file."""
        self._archive.close()
        return self._sink.taken()


def _entry(name: str) -> zipfile.ZipInfo:
    """As `writestr` makes it."""
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


class _Sink(io.RawIOBase):
    """A file that cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
