"""An archive as it comes in: checked whole before anything is written."""

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import IO, BinaryIO, cast

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.portability.format import FORMAT, MANIFEST, Manifest

CHUNK = 1 << 20


class Archive:
    """An export on disk.

    Args:
        path: of the file, or the file itself.

    Raises:
        Invalid: it is no export, of another format, or damaged; says which part.
    """

    def __init__(self, path: Path | IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest = msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)
        except (OSError, zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
            raise Invalid(
                N_("{path} is not an export of Headgate, or was cut off: {reason}"),
                field="file", path=str(path), reason=str(error),
            ) from error  # fmt: skip
        if self.manifest.format != FORMAT:
            raise Invalid(
                N_("{path} has the format {found}; this version reads {wanted}."),
                field="file", path=str(path), found=self.manifest.format, wanted=FORMAT,
            )  # fmt: skip

    def check(self) -> None:
        """Compare every table with its hash.

        Raises:
            Invalid: a part is damaged or missing; names it.
        """
        for entry in self.manifest.tables:
            digest = hashlib.sha256()
            try:
                with self.table(entry.name) as member:
                    while chunk := member.read(CHUNK):
                        digest.update(chunk)
            except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
                raise _damaged(entry.name) from error
            if digest.hexdigest() != entry.sha256:
                raise _damaged(entry.name)

    def table(self, name: str) -> BinaryIO:
        """Open a table's rows."""
        return cast("BinaryIO", self._zip.open(f"tables/{name}.csv"))

    def rows(self, name: str) -> list[dict[str, str]]:
        """Read a small list, such as that of the people; "" stands for no value."""
        with self._zip.open(name) as member:
            return list(csv.DictReader(io.TextIOWrapper(member, "utf-8", newline="")))

    def file(self, file_id: str) -> bytes:
        """Read an uploaded file."""
        try:
            return self._zip.read(f"files/{file_id}")
        except (KeyError, zipfile.BadZipFile) as error:
            raise _damaged(f"files/{file_id}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()


def _damaged(part: str) -> Invalid:
    return Invalid(
        N_("The export is damaged: {part} is not what was written. Take the export again."),
        field="file", part=part,
    )  # fmt: skip
