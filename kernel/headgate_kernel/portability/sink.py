"""A file that is only written, forwards, and gives what was written since the last look."""

import io


class ChunkSink(io.RawIOBase):
    """Takes the bytes of an archive and hands them on piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        """Tell that it is written."""
        return True

    def seekable(self) -> bool:
        """Tell that there is no way back: sizes stand after the content then."""
        return False

    def tell(self) -> int:
        """Give how much was written."""
        return self._position

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Keep what is written until it is taken."""
        self._parts.append(bytes(data))
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        """Give what was written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
