"""What is wrong in a blueprint, each with file, line, column and path; all of it at once."""

from collections.abc import Sequence
from pathlib import Path as FilePath

from headgate_sdk.errors import Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.shape import Path


class BlueprintError(Invalid):
    """One thing that is wrong.

    Args:
        message: English msgid, what to do.
        where: file with line and column, or with the row of a table.
        field: path inside the blueprint, such as `roles[0].permissions[2]`.
        params: values for the message.
    """

    code = "invalid_blueprint"

    def __init__(self, message: str, /, *, where: str, field: str = "", **params: object) -> None:
        super().__init__(message, field=field)
        self.params = params
        self.where = where

    def __str__(self) -> str:
        told = self.fill(self.message)
        return f"{self.where}: {self.field}: {told}" if self.field else f"{self.where}: {told}"


class InvalidBlueprint(InvalidFields):
    """Everything that keeps a blueprint from being used; nothing of it was applied."""

    code = "invalid_blueprint"

    def __init__(self, file: FilePath, problems: Sequence[BlueprintError]) -> None:
        super().__init__(problems)
        self.message, self.params = N_("{path} cannot be used. Nothing was changed."), {"path": str(file)}

    def __str__(self) -> str:
        return self.fill(self.message)


def path_text(path: Path) -> str:
    """Write a path as people read it: `flow."trade.order".steps[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if part.replace("-", "_").isidentifier() else f'"{part}"'
            text += f".{name}" if text else name
    return text
