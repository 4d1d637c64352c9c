"""Where blueprints lie: in a checkout, or among the files of the installed distribution."""

import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_


def blueprints_folder() -> Path:
    """Find the folder `tenants`: HEADGATE_TENANTS_DIR, else upwards from here, else the installed one.

    Raises:
        NotFound: says where was looked.
    """
    configured = os.environ.get("HEADGATE_TENANTS_DIR")
    here = Path.cwd()
    candidates = (
        [Path(configured)]
        if configured
        else [*(folder / "tenants" for folder in (here, *here.parents)), *_installed()]
    )
    for candidate in candidates:
        if (candidate / "blueprint.schema.json").is_file():
            return candidate
    raise NotFound(
        N_("No blueprints were found. Start in a checkout of Headgate, or set HEADGATE_TENANTS_DIR.")
    )


def _installed() -> list[Path]:
    try:
        return [Path(str(distribution("headgate").locate_file("headgate_data/tenants")))]
    except PackageNotFoundError:
        return []
