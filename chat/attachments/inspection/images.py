"""Images: decoded, turned upright, made no larger than a model looks at, and encoded anew from their pixels alone."""

import io

from PIL import Image, ImageCms, ImageOps, WebPImagePlugin  # noqa: F401 - Pillow else looks for WebP in all its readers

from chat.attachments.inspection.found import Inspected, Limits
from chat.errors import TooLong, Unsupported
from chat.i18n import gettext_noop as _

BROKEN = _("This image is damaged or incomplete, so it cannot be read.")
TOO_LARGE = _("This image has %(count)s pixels; %(limit)s are allowed. Make it smaller and attach that.")

FORMATS = ["PNG", "JPEG", "WEBP", "GIF"]
"""The readers that a file may reach at all; of GIF and animated WebP the first picture."""
SIDE = 2_048
"""Pixels. Models look at no more: they shrink what is larger."""
THUMBNAIL_SIDE = 320
QUALITY = 88
PNG_BYTES = 2_000_000
"""A larger one becomes a JPEG: it is a photo, and a prompt has several."""

Image.MAX_IMAGE_PIXELS = None  # ours is checked below, before anything is decoded


def is_image(data: bytes) -> bool:
    """Does it begin as one of them?"""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return is_webp or data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))


def inspect(data: bytes, limits: Limits) -> Inspected:
    """Raises Unsupported or TooLong."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(image, limits)
            is_photo = image.format == "JPEG" or (image.format == "WEBP" and b"VP8 " in data)
            clean = _clean(image)
    except (TooLong, MemoryError):
        raise
    except Exception as exc:  # a reader that is given nonsense fails in any way
        raise Unsupported(BROKEN) from exc
    media_type, encoded = _encoded(clean, is_photo=is_photo)
    small = _on_white(clean) if media_type == "image/jpeg" else clean
    small = small.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Inspected(
        "image",
        media_type,
        encoded,
        thumbnail=_encoded(small, is_photo=media_type == "image/jpeg")[1],
        width=clean.width,
        height=clean.height,
    )


def _check_pixels(image: Image.Image, limits: Limits) -> None:
    """By the header, which is all that has been read so far."""
    pixels = image.width * image.height
    if limits.pixels and pixels > limits.pixels:
        raise TooLong(TOO_LARGE, values={"count": pixels, "limit": limits.pixels})


def _clean(image: Image.Image) -> Image.Image:
    """Its pixels in RGB or RGBA, upright, no larger than SIDE, and nothing else."""
    profile = image.info.get("icc_profile")
    image.draft(None, (SIDE, SIDE))  # a JPEG is decoded no larger than needed
    image.load()
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        image = _in_eight_bits(image)
    if image.mode != "CMYK":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    image = _in_srgb(_upright(image), profile)
    image.info = {}  # what encoders would write again: comments, profiles
    return image


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """From 16 bits a pixel; Pillow would cut off all that is brighter than 255."""
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held, which is among the metadata."""
    try:
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # broken metadata do not make an image that cannot be seen
        return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Its colours as they are meant, in the space that who knows no other takes for granted."""
    mode = "RGB" if image.mode == "CMYK" else image.mode
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # it is of another kind of image, or broken
        if converted:
            return converted
    return image.convert(mode)


def _encoded(image: Image.Image, *, is_photo: bool) -> tuple[str, bytes]:
    """As JPEG what came in a lossy format, for nothing is lost by it that was there; else as PNG."""
    if not is_photo or image.mode == "RGBA":
        data = _saved(image, "PNG")
        if len(data) <= PNG_BYTES:
            return "image/png", data
    return "image/jpeg", _saved(_on_white(image), "JPEG", quality=QUALITY)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _saved(image: Image.Image, form: str, **options: int) -> bytes:
    sink = io.BytesIO()
    image.save(sink, form, **options)
    return sink.getvalue()
