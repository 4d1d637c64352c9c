"""Finding out what a file is before it is read: its size, its encoding, whether it is text at all."""

import codecs
import io
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import charset_normalizer
import msgspec
from headgate_sdk.errors import Invalid, TooLarge
from headgate_sdk.i18n import N_

MAX_BYTES = 500 * 2**20
"""Largest table that is read, uncompressed."""

_CHUNK = 2**20
_SAMPLE = 2**16
_XZ = b"\xfd7zXZ\x00"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a"))
_MAX_DAMAGE = 0.05


class TextFile(msgspec.Struct, frozen=True):
    """How to read a file as text.

    Args:
        encoding: name of the codec.
        damaged: some characters cannot be read; they come as U+FFFD.
        size: bytes, uncompressed.
    """

    encoding: str
    damaged: bool
    size: int


def open_bytes(source: Path | bytes) -> BinaryIO:
    """Open a file or an upload, unpacking xz.

    Raises:
        Invalid: there is no such file, or it cannot be opened.
    """
    if isinstance(source, bytes):
        plain: BinaryIO = io.BytesIO(source)
    else:
        try:
            plain = source.open("rb")
        except OSError as error:
            raise Invalid(
                N_("The file {name} cannot be opened: {reason}."),
                field="file", name=source.name, reason=error.strerror or str(error),
            ) from error  # fmt: skip
    packed = plain.read(len(_XZ)) == _XZ
    if packed and isinstance(source, Path):
        plain.close()
        return cast("BinaryIO", lzma.open(source))
    plain.seek(0)
    return cast("BinaryIO", lzma.open(plain)) if packed else plain


def inspect_text(source: Path | bytes, *, most: int = MAX_BYTES) -> TextFile:
    """Read a file once, a piece at a time, and say how to read it as text.

    Raises:
        Invalid: empty, not text, a workbook, damaged compression, or in no encoding that we can tell.
        TooLarge: more than `most` bytes.
    """
    size = 0
    sample = b""
    strict: dict[str, codecs.IncrementalDecoder] = {
        name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")
    }
    for chunk in _chunks(source):
        if not size:
            sample = chunk[:_SAMPLE]
            _refuse_workbooks(sample)
        size += len(chunk)
        if size > most:
            raise TooLarge(
                N_("The file is larger than {most} MB. Split it and import the parts."),
                field="file", most=most // 2**20,
            )  # fmt: skip
        _refuse_binary(chunk, sample)
        for name in list(strict):
            if not _decodes(strict[name], chunk, final=False):
                del strict[name]
    if not sample.strip():
        raise Invalid(N_("The file is empty."), field="file")
    for name in list(strict):
        if not _decodes(strict[name], b"", final=True):
            del strict[name]
    return _choose(source, sample, list(strict), size)


def _choose(source: Path | bytes, sample: bytes, strict: list[str], size: int) -> TextFile:
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return TextFile(encoding, "utf-8" not in strict, size)
    if "utf-8" in strict:
        return TextFile("utf-8", damaged=False, size=size)
    if _is_damaged_utf8(source):
        return TextFile("utf-8", damaged=True, size=size)
    if strict:
        return TextFile(strict[0], damaged=False, size=size)
    guess = charset_normalizer.from_bytes(sample).best()
    if guess is None:
        raise Invalid(
            N_("The file is in no encoding that can be told. Save it as CSV in UTF-8."), field="file"
        )
    return TextFile(guess.encoding, damaged=True, size=size)


def _is_damaged_utf8(source: Path | bytes) -> bool:
    """Tell a UTF-8 file with a few broken bytes from one in another encoding, where nearly all break."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = foreign = 0
    for chunk in _chunks(source):
        text = decoder.decode(chunk)
        broken += text.count("\ufffd")
        foreign += len(text) - len(text.encode("ascii", "ignore"))
    return broken <= max(1, foreign * _MAX_DAMAGE) and foreign > broken


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    with open_bytes(source) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                yield chunk
        except (lzma.LZMAError, EOFError) as error:
            raise Invalid(
                N_("The compressed file is damaged and cannot be unpacked. Copy it again."), field="file"
            ) from error


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_workbooks(sample: bytes) -> None:
    if sample.startswith(_WORKBOOKS):
        raise Invalid(N_("This is a workbook, not a CSV file. Save it as CSV and try again."), field="file")


def _refuse_binary(chunk: bytes, sample: bytes) -> None:
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    if len(chunk) != len(chunk.translate(None, _CONTROL)):
        raise Invalid(N_("This is not a text file. Save the table as CSV and try again."), field="file")
