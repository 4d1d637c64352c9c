"""Uploaded pictures: checked by content, made smaller, and rid of whatever else was in the file."""

import io
import struct
import zlib

import pytest
from headgate_kernel.files import pictures
from headgate_kernel.files.pictures import MAX_BYTES, MAX_PIXELS, read_picture
from headgate_sdk.errors import Invalid, NotFound, TooLarge
from headgate_sdk.ids import new_id
from PIL import Image, ImageCms


def drawn(kind="PNG", size=(60, 40), mode="RGB", colour="red", **options):
    content = io.BytesIO()
    Image.new(mode, size, colour).save(content, kind, **options)
    return content.getvalue()


def bomb(width, height):
    """Make a PNG of a few bytes that claims to be huge."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def store(kernel, tenant):
    async def keep(content, purpose="product"):
        async with kernel.context(tenant) as ctx:
            file_id = await ctx.store_file(content, purpose=purpose)
            return await read_picture(ctx, file_id)

    return keep


def opened(stored):
    return Image.open(io.BytesIO(stored.content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_usual_pictures_are_kept_as_webp(store, kind):
    stored = await store(drawn(kind))
    assert stored.media_type == "image/webp"
    assert (opened(stored).format, opened(stored).size) == ("WEBP", (60, 40))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"GIF89a", drawn()[:60],
        drawn("JPEG")[:200], drawn("BMP"), drawn("TIFF"), drawn("ICO"),
    ],
)  # fmt: skip
async def test_what_is_no_picture_for_browsers_is_refused(store, content):
    with pytest.raises(Invalid) as caught:
        await store(content)
    assert caught.value.field == "file"
    assert "JPEG, PNG, WebP or GIF" in str(caught.value)


# just above our own limit, above Pillow's warning, above Pillow's error
@pytest.mark.parametrize(
    "size", [(MAX_PIXELS // 1000 + 1, 1000), (10_000, 9_500), (20_000, 20_000), (2**31 - 1, 1)]
)
async def test_a_bomb_is_refused_before_it_is_unpacked(store, size):
    with pytest.raises(TooLarge, match="more than 40 million pixels"):
        await store(bomb(*size))


async def test_a_file_that_is_too_large_is_not_even_opened(store):
    with pytest.raises(TooLarge, match="larger than 8 MB"):
        await store(b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES))


async def test_place_time_and_comments_are_dropped(store):
    exif = Image.Exif()
    exif[0x010F], exif[0x9286] = "SecretCamera", "secret words"
    exif.get_ifd(0x8825)[1] = "N"
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>secret place</x:xmpmeta>"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "WEBP", "PNG"):
        options = {"exif": exif, "icc_profile": profile} | ({"xmp": xmp} if kind != "PNG" else {})
        original = drawn(kind, **options)
        assert b"SecretCamera" in original
        stored = await store(original)
        assert b"SecretCamera" not in stored.content
        assert b"secret" not in stored.content
        assert not opened(stored).getexif()
        assert not {"exif", "xmp", "icc_profile"} & opened(stored).info.keys()


async def test_a_picture_that_lies_on_its_side_is_put_upright(store):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(await store(drawn("JPEG", size=(60, 40), exif=exif))).size == (40, 60)


@pytest.mark.parametrize(("purpose", "longest"), [("product", 800), ("logo", 400)])
async def test_large_pictures_are_made_smaller_in_proportion(store, purpose, longest):
    assert opened(await store(drawn(size=(2000, 1000)), purpose)).size == (longest, longest // 2)
    assert opened(await store(drawn(size=(1000, 2000)), purpose)).size == (longest // 2, longest)


async def test_transparency_stays(store):
    assert (
        opened(await store(drawn(mode="RGBA", colour=(255, 0, 0, 0)))).convert("RGBA").getpixel((1, 1))[3]
        == 0
    )
    see_through = drawn("GIF", mode="P", colour=0, transparency=0)
    assert opened(await store(see_through)).convert("RGBA").getpixel((1, 1))[3] == 0


@pytest.mark.parametrize(("kind", "mode", "colour"), [
    ("JPEG", "L", 128), ("JPEG", "CMYK", (0, 255, 255, 0)), ("PNG", "1", 1), ("PNG", "P", 3),
    ("PNG", "LA", (9, 9)), ("PNG", "I;16", 3000),
])  # fmt: skip
async def test_every_kind_of_colour_is_taken(store, kind, mode, colour):
    assert opened(await store(drawn(kind, mode=mode, colour=colour))).size == (60, 40)


async def test_of_a_moving_picture_the_first_one_is_kept(store):
    content = io.BytesIO()
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "green", "blue")]
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:])
    stored = opened(await store(content.getvalue()))
    assert getattr(stored, "n_frames", 1) == 1
    red, green, _ = stored.convert("RGB").getpixel((5, 5))
    assert red > 200 > green


async def test_the_row_says_what_it_holds(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        file_id = await ctx.store_file(drawn(size=(50, 20)), purpose="logo")
        row = await ctx.db.fetch_row(
            "SELECT *, sha256(content) AS digest FROM stored_file WHERE tenant_id = $1 AND id = $2",
            tenant.info.id,
            file_id,
        )
    assert (row["purpose"], row["width"], row["height"], row["created_by"]) == ("logo", 50, 20, "System")
    assert row["sha256"] == row["digest"]


async def test_a_picture_of_another_tenant_is_not_there(kernel, tenant, other_tenant):
    async with kernel.context(tenant) as ctx:
        file_id = await ctx.store_file(drawn(), purpose="product")
    for asked in (file_id, new_id()):
        async with kernel.context(other_tenant) as ctx:
            with pytest.raises(NotFound, match="There is no such picture"):
                await read_picture(ctx, asked)


def test_purposes_have_sizes_that_pages_can_load():
    assert all(0 < longest <= 1000 for longest in pictures.PURPOSES.values())
