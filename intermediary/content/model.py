"""What can be done with content: ask its size, read it from the beginning or from any place, in chunks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import accumulate
from types import TracebackType
from typing import Self

Octets = bytes | memoryview

CHUNK = 256 * 1024
"""Bytes that are handled at once."""
SMALL = 16 * 1024 * 1024
"""Bytes that `read` gives at most unless told otherwise."""


class ContentTooLarge(ValueError):  # noqa: N818 - reads as the outcome
    """The content does not fit into the memory that was allowed for it."""


class Content(ABC):
    """Bytes of known size that can be read as often as wanted; equal to whatever has the same bytes."""

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes."""

    @abstractmethod
    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes from `start` to `stop` in pieces of at most CHUNK bytes, none of them empty."""

    def close(self) -> None:  # noqa: B027 - most content has nothing to give back
        """Give back what is held; also done when the last reference goes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def head(self, most: int) -> bytes:
        """The first `most` bytes, or all where there are fewer."""
        return b"".join(self.chunks(0, min(most, self.size)))

    def read(self, limit: int = SMALL) -> bytes:
        """All bytes. Raises ContentTooLarge above `limit`."""
        if self.size > limit:
            raise ContentTooLarge(f"The content has {self.size} bytes; at most {limit} are read into memory")
        return b"".join(self.chunks())

    def __bytes__(self) -> bytes:
        return self.read()

    def section(self, start: int, stop: int) -> "Content":
        """A part of it, not copied."""
        return Section(self, start, stop)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bytes):
            other = InMemory(other)
        if not isinstance(other, Content):
            return NotImplemented
        if self.size != other.size:
            return False
        steps = range(0, self.size, CHUNK)
        return all(_at(self, start) == _at(other, start) for start in steps)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.size} bytes>"


def _at(content: Content, start: int) -> bytes:
    return b"".join(content.chunks(start, min(start + CHUNK, content.size)))


class InMemory(Content):
    """Bytes that are in memory already."""

    __slots__ = ("_data",)

    def __init__(self, data: Octets) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._data)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes, without a copy."""
        stop = self.size if stop is None else stop
        if start == 0 and 0 < stop == self.size <= CHUNK:
            yield self._data
        else:
            view = memoryview(self._data)
            for at in range(start, stop, CHUNK):
                yield view[at : min(at + CHUNK, stop)]

    def read(self, limit: int = SMALL) -> bytes:
        """All bytes, whatever the limit: they are in memory anyhow."""
        return bytes(self._data)

    def section(self, start: int, stop: int) -> Content:
        """A part of it, not copied."""
        return InMemory(memoryview(self._data)[start:stop])


class Section(Content):
    """A part of another content, which it keeps alive."""

    __slots__ = ("_start", "_stop", "_whole")

    def __init__(self, whole: Content, start: int, stop: int) -> None:
        self._whole, self._start, self._stop = whole, start, stop

    @property
    def size(self) -> int:
        """Bytes."""
        return self._stop - self._start

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes in pieces."""
        end = self._stop if stop is None else self._start + stop
        return self._whole.chunks(self._start + start, end)


class Joined(Content):
    """Several contents one after the other."""

    __slots__ = ("_ends", "_pieces")

    def __init__(self, pieces: Sequence[Content]) -> None:
        self._pieces = tuple(piece for piece in pieces if piece.size)
        self._ends = tuple(accumulate(piece.size for piece in self._pieces))

    @property
    def size(self) -> int:
        """Bytes."""
        return self._ends[-1] if self._ends else 0

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes in pieces."""
        stop = self.size if stop is None else stop
        for piece, end in zip(self._pieces, self._ends, strict=True):
            begin = end - piece.size
            if start < end and begin < stop:
                yield from piece.chunks(max(start - begin, 0), min(stop - begin, piece.size))

    def close(self) -> None:
        """Close all pieces."""
        for piece in self._pieces:
            piece.close()


def as_content(data: Octets | Content) -> Content:
    """Bytes as content; content as it is."""
    return data if isinstance(data, Content) else InMemory(data)
