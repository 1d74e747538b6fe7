"""Photos drawn anew: upright, without place, device, comments or anything else besides what is seen."""

from __future__ import annotations

import contextlib
import struct
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.complaints.inspection.refusal import RefusedError

_QUALITY = 85
_OPTIONS: dict[str, dict[str, int | bool]] = {
    "jpeg": {"quality": _QUALITY},
    "png": {},
    "webp": {"quality": _QUALITY, "method": 2},
}
_ODD_EXIF = (ValueError, TypeError, KeyError, IndexError, OverflowError, SyntaxError, struct.error)


# Tried one after the other until a photo is small enough; the last is still to be made out on a phone.
_SIDES = (4096, 2560, 1920, 1280, 800)


def fit_picture(kind: str, content: bytes, most_pixels: int, most_bytes: int) -> bytes:
    """The picture as JPEG of at most so many bytes.

    Raises:
        RefusedError: as `clean_picture`, or it does not fit.
    """
    for side in _SIDES:
        drawn = clean_picture(kind, content, most_pixels, side, "jpeg")
        if len(drawn) <= most_bytes:
            return drawn
    raise RefusedError("file_bytes")


def clean_picture(kind: str, content: bytes, most_pixels: int, kept_side: int, written_as: str = "") -> bytes:
    """The picture encoded again, upright and without metadata, at most `kept_side` pixels long.

    Args:
        written_as: another kind than its own.

    Raises:
        RefusedError: it is broken, moves, or has too many pixels.
    """
    try:
        with Image.open(BytesIO(content), formats=[kind.upper()]) as image:
            if image.width * image.height > most_pixels:
                raise RefusedError("pixels")
            # Portraits of phones are JPEG with a second picture (MPO): the first is what is seen.
            if getattr(image, "is_animated", False) and image.format != "MPO":
                raise RefusedError("animated")
            image.draft(None, (kept_side, kept_side))
            image.load()
            drawn = _upright(image)
            return _encode(written_as or kind, drawn, kept_side)
    except Image.DecompressionBombError as error:
        raise RefusedError("pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise RefusedError("broken") from error


def _upright(image: Image.Image) -> Image.Image:
    # A photo whose description is broken is still a photo.
    with contextlib.suppress(*_ODD_EXIF):
        return ImageOps.exif_transpose(image)
    return image


def _encode(kind: str, image: Image.Image, kept_side: int) -> bytes:
    flat = _plain_colours(kind, image)
    flat.thumbnail((kept_side, kept_side))
    # Comments, profiles and more stand here, and some of it would be written again.
    flat.info = {}
    out = BytesIO()
    flat.save(out, format=kind.upper(), **_OPTIONS[kind])
    return out.getvalue()


def _plain_colours(kind: str, image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Sixteen bits a pixel: the upper eight are what is seen.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "L":
        return image.copy()
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return image.convert("RGBA" if see_through and kind != "jpeg" else "RGB")
