"""The front door of the lone plugin."""

from headgate_sdk.context import Context
from headgate_sdk.hooks import hookimpl
from headgate_sdk.manifest import Manifest
from headgate_sdk.web import PUBLIC, page

manifest = Manifest(id="lone", name="Lone", description="Alone.", version="0.1.0", package="headgate_lone")


@page("/lone", permission=PUBLIC)
async def lone_page(ctx: Context) -> str:
    return "alone"


@hookimpl
def headgate_routes():
    return (lone_page,)
