"""Codes of procedures and ids of the portal."""

from __future__ import annotations

import re

from bot.catalogue.importing.record import RefusedError

_CODE = re.compile(r"[0-9]\.[0-9]{6}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PORTAL_PAGE = "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/"


def checked_code(text: str) -> str:
    """A procedure's code without spaces around it.

    Raises:
        RefusedError: there is none, or it is no code (the portal's list holds some like 1.014955-Xoa).
    """
    code = text.strip()
    if not code:
        raise RefusedError("it has no code")
    if not _CODE.fullmatch(code):
        raise RefusedError(f"its code '{code[:40]}' is not of the form 1.000000")
    return code


def checked_name(text: str) -> str:
    """A procedure's name in one line.

    Raises:
        RefusedError: there is none.
    """
    name = " ".join(text.split())
    if not name:
        raise RefusedError("it has no name")
    return name


def find_uuid(text: str) -> str:
    """The first id in a text such as an address, empty when there is none."""
    found = _UUID.search(text.lower())
    return found.group() if found else ""


def page_of(uuid: str) -> str:
    """The portal's page of a procedure, empty without id."""
    return PORTAL_PAGE + uuid if uuid else ""
