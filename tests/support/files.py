"""Files to attach: images, PDFs, and those that only look like one."""

import io
import zlib
from collections.abc import Sequence
from typing import Any

from PIL import Image

GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
"""A place, as a camera writes it."""


def image(form: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    """An image whose left upper corner is red and the rest blue."""
    picture = Image.new("RGBA", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    return encoded(picture.convert(mode), form, **options)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, form, **options)
    return sink.getvalue()


def photo(orientation: int = 1) -> bytes:
    """A JPEG that says where it was taken, by which camera, and how that was held."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = orientation
    exif[0x8825] = GPS
    return image("JPEG", exif=exif, comment=b"SecretComment", quality=95)


def decoded(data: bytes) -> Image.Image:
    """Loaded to its end."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def claiming(width: int, height: int) -> bytes:
    """A small PNG that says it is this large."""
    data = image(mode="L")
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + data[24:29]
    return data[:12] + header + zlib.crc32(header).to_bytes(4) + data[33:]


def pdf(pages: Sequence[str], count: int | None = None) -> bytes:
    """A PDF with a line of text on each page; `count` is how many pages it says it has."""
    font, first = 3, 4
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages) if count is None else count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, text in enumerate(pages):
        content = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode("cp1252")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {first + 2 * number + 1} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return of_objects(objects)


def of_objects(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """A PDF of these, numbered from 1; the first is its catalogue."""
    data, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    data_end = f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n".encode()
    return bytes(data) + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + data_end
