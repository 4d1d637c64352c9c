"""Sends pictures that the tenant's people uploaded."""

from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.web import SIGNED_IN
from litestar import Response, get

from headgate_kernel.files import read_picture


@get("/files/{file_id:uuid}", opt={"permission": SIGNED_IN, "surface": "page"}, include_in_schema=False)
async def picture(ctx: Context, file_id: UUID) -> Response[bytes]:
    """Send a picture; it never changes under its id."""
    found = await read_picture(ctx, file_id)
    headers = {"cache-control": "private, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
    return Response(found.content, media_type=found.media_type, headers=headers)


HANDLERS = (picture,)
