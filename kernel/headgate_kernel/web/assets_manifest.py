"""Addresses of the built static files, each with its content's hash in the name."""

from functools import cache
from importlib.resources import files

import msgspec

STATIC_PATH = "/static"


class Manifest(msgspec.Struct, frozen=True):
    """What the build wrote: logical name -> file name."""

    files: dict[str, str]


@cache
def _manifest() -> dict[str, str]:
    path = files("headgate_kernel") / "web" / "static" / "manifest.json"
    return msgspec.json.decode(path.read_bytes(), type=Manifest).files


def asset(name: str) -> str:
    """Give the address of a static file by its logical name, e.g. `app.css`."""
    return f"{STATIC_PATH}/{_manifest()[name]}"
