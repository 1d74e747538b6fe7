"""The vault: personal values leave the text here and come back only where they are needed."""

from __future__ import annotations

import secrets
import string

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import cipher_of
from bot.delivery.model import VaultEntry
from bot.text.mask import TOKEN_PATTERN, find_personal_values

_LETTERS = string.ascii_lowercase + string.digits


def hide(session: Session, conversation: str, text: str) -> str:
    """The text with every personal value swapped for a token; the same value gets the same token in a conversation."""
    # Typed look-alikes of tokens must not reach anybody else's vault entry.
    text = TOKEN_PATTERN.sub(lambda found: found.group(1), text)
    for value in reversed(find_personal_values(text)):
        token = _token_for(session, conversation, value.kind, value.value)
        text = f"{text[: value.start]}<{value.kind}:{token}>{text[value.end :]}"
    return text


def is_plain(text: str) -> bool:
    """Whether there is nothing to hide in a text, so that it may go as it is."""
    return not find_personal_values(text) and not TOKEN_PATTERN.search(text)


def keep(session: Session, conversation: str, kind: str, value: str) -> str:
    """The token of a value that a conversation is to be shown and Rasa is not."""
    return f"<{kind}:{_token_for(session, conversation, kind, value)}>"


def reveal(session: Session, conversation: str, text: str) -> str:
    """The text with the conversation's own tokens turned back; unknown tokens stay."""
    tokens = {found.group(2) for found in TOKEN_PATTERN.finditer(text)}
    if not tokens:
        return text
    rows = session.execute(
        select(VaultEntry).where(VaultEntry.conversation == conversation, VaultEntry.token.in_(tokens))
    ).scalars()
    values = {row.token: cipher_of(session).unseal(row.value) for row in rows}
    return TOKEN_PATTERN.sub(lambda found: values.get(found.group(2), found.group()), text)


def _token_for(session: Session, conversation: str, kind: str, value: str) -> str:
    cipher = cipher_of(session)
    digest = cipher.digest(f"{conversation}:{kind}:{value}")
    same = (VaultEntry.conversation == conversation, VaultEntry.digest == digest)
    known = session.execute(select(VaultEntry.token).where(*same)).scalar_one_or_none()
    if known:
        return str(known)
    token = "".join(secrets.choice(_LETTERS) for _ in range(12))
    session.add(VaultEntry(token=token, conversation=conversation, kind=kind, digest=digest, value=cipher.seal(value)))
    session.flush()
    return token
