"""A Litestar with one route that sends the JSON of a file: no tenant, no person, no database."""

import os
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, get


def create_application() -> Litestar:
    """Build it; the content is encoded anew for each request, as ours is."""
    content = msgspec.json.decode(Path(os.environ["HEADGATE_BENCH_BODY"]).read_bytes())

    @get("/")
    async def read() -> dict[str, Any]:
        return content

    return Litestar([read], openapi_config=None, logging_config=None)
