"""Which master key this process has: a file of its own, a text, another file, or a program."""

from pathlib import Path
from typing import TYPE_CHECKING

from headgate_kernel.secrets.command_key import CommandMasterKey
from headgate_kernel.secrets.local_keys import FileMasterKey, TextMasterKey
from headgate_kernel.secrets.master_key import MasterKey

if TYPE_CHECKING:
    from headgate_kernel.config import Settings

FILE_NAME = "master.key"
COMMAND = "command:"
FILE = "file:"


def open_master_key(settings: "Settings") -> MasterKey:
    """Give the master key that the settings name; nothing is made or asked before it is needed.

    Raises:
        ConfigError: what is given cannot be used; says why.
    """
    given = settings.master_key.reveal().strip()
    if given.startswith(COMMAND):
        return CommandMasterKey(given.removeprefix(COMMAND))
    if given.startswith(FILE):
        return FileMasterKey(Path(given.removeprefix(FILE)))
    if given:
        earlier = [text.strip() for text in settings.earlier_master_keys.reveal().split(",") if text.strip()]
        return TextMasterKey([given, *earlier], "HEADGATE_MASTER_KEY")
    return FileMasterKey(settings.data_dir / FILE_NAME)
