"""Check an uploaded picture by its content, re-encode it (which drops whatever else is in it), keep it."""

import asyncio
import hashlib
import io
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound, TooLarge
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from PIL import Image, ImageOps, UnidentifiedImageError

PURPOSES = {"product": 800, "logo": 400}
"""What a picture is for, with the length of its longer side in pixels."""

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class StoredPicture(msgspec.Struct, frozen=True):
    """A picture as it is sent."""

    media_type: str
    content: bytes
    sha256: bytes


async def store_picture(ctx: Context, content: bytes, *, purpose: str) -> UUID:
    """Check and keep a picture; see `Context.store_file`."""
    if len(content) > MAX_BYTES:
        raise TooLarge(N_("The picture is larger than {n} MB. Please choose a smaller one."), field="file",
                       n=MAX_BYTES // 1024 // 1024)  # fmt: skip
    webp, width, height = await asyncio.to_thread(_shrink, content, PURPOSES[purpose])
    file_id = new_id()
    await ctx.use_quota("storage_bytes", len(webp))
    await ctx.db.execute(
        """
        INSERT INTO stored_file (tenant_id, id, purpose, media_type, width, height, sha256, content,
                                 created_at, created_by)
        VALUES ($1, $2, $3, 'image/webp', $4, $5, $6, $7, $8, $9)
        """,
        ctx.tenant.id, file_id, purpose, width, height, hashlib.sha256(webp).digest(), webp, ctx.clock.now(),
        ctx.actor.name,
    )  # fmt: skip
    return file_id


async def read_picture(ctx: Context, file_id: UUID) -> StoredPicture:
    """Give a picture of the tenant.

    Raises:
        NotFound: no such picture here.
    """
    found = await ctx.db.fetch_as(
        StoredPicture,
        "SELECT media_type, content, sha256 FROM stored_file WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, file_id,
    )  # fmt: skip
    if not found:
        raise NotFound(N_("There is no such picture."))
    return found[0]


def _shrink(content: bytes, longest: int) -> tuple[bytes, int, int]:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_many_pixels()
            upright = ImageOps.exif_transpose(picture)
        shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        shown.thumbnail((longest, longest))
        result = io.BytesIO()
        shown.save(result, "WEBP", quality=82, exif=b"", xmp=b"", icc_profile=b"")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Invalid(
            N_("This is not a picture that can be shown. Please choose a JPEG, PNG, WebP or GIF file."),
            field="file",
        ) from error
    return result.getvalue(), shown.width, shown.height


def _too_many_pixels() -> TooLarge:
    return TooLarge(
        N_("The picture has more than {n} million pixels. Please choose a smaller one."),
        field="file", n=MAX_PIXELS // 1_000_000,
    )  # fmt: skip
