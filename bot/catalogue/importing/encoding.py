"""Bytes to text: UTF-8 with or without mark, UTF-16, and windows-1258 of old Vietnamese programs."""

from __future__ import annotations

import codecs
import re
import unicodedata

from bot.catalogue.importing.record import RefusedError

# Vietnamese letters, signs of writing, spaces; anything else says that the bytes are not windows-1258.
_VIETNAMESE = re.compile(
    "[\\s!-~\u00a0-\u00bf×÷°²³µ€…–—‘’“”„•™‹›ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư\u1ea0-\u1ef9]*"
)
_WORDS = re.compile("[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ]")


def decode(content: bytes) -> str:
    """The text of a file.

    Raises:
        RefusedError: none of the three encodings fits.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(content, "utf-16")
    # JSON and CSV begin with two ASCII signs, of which UTF-16 makes two bytes each.
    if content[:4].count(0) == 2:
        return _decode(content, "utf-16-be" if content[0] == 0 else "utf-16-le")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decode_vietnamese(content)


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        raise RefusedError(f"it begins as {name.upper()} and is not ({error.reason})") from error


def _decode_vietnamese(content: bytes) -> str:
    refusal = RefusedError("its encoding is none of UTF-8, UTF-16 and windows-1258")
    try:
        # Tones are signs of their own there, put behind their letter.
        text = unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError as error:
        raise refusal from error
    if not _VIETNAMESE.fullmatch(text) or not _WORDS.search(text):
        raise refusal
    return text
