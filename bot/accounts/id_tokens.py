"""What a provider says of somebody who logged in there: an id token, believed when everything in it fits."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.accounts.errors import ProviderRefusedError
from bot.accounts.identities import LONGEST_EMAIL, LONGEST_SUBJECT, Identity

# Signed with the provider's own key. One of a key that both sides know, or of none, is no proof.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_KEY_TYPES = ("RSA", "EC")
# The two clocks may be this far apart. Seconds.
LEEWAY = 60
LONGEST_TOKEN = 20_000


@dataclass(frozen=True)
class Expected:
    """What a token has to fit.

    Attributes:
        amr, acr: words for how somebody logged in that stand for a second step.
    """

    issuer: str
    client_id: str
    nonce: str
    moment: datetime
    amr: frozenset[str] = frozenset()
    acr: frozenset[str] = frozenset()


def read_keys(document: Any) -> KeySet:
    """The provider's keys that signatures can be checked with; what is none, or of no known type, is left out."""
    given = document.get("keys") if isinstance(document, dict) else None
    keys = []
    for one in given if isinstance(given, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _KEY_TYPES or one.get("use", "sig") != "sig":
            continue
        try:
            keys += KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(keys)


def read_token(token: Any, keys: KeySet, expected: Expected) -> Identity:
    """Whom a token is about.

    Raises:
        ProviderRefusedError: it is not the provider's, not for us, not of this log-in, or too old.
    """
    claims = _signed_claims(token, keys)
    wanted = jwt.JWTClaimsRegistry(
        now=int(expected.moment.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        wanted.validate(claims)
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise ProviderRefusedError(_reason(error)) from error
    _check_for_us(claims, expected)
    _check_nonce(claims, expected)
    return _identity(claims, expected)


def _signed_claims(token: Any, keys: KeySet) -> dict[str, Any]:
    if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST_TOKEN:
        raise ProviderRefusedError("no id token")
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise ProviderRefusedError(_reason(error)) from error
    if not isinstance(claims, dict):
        raise ProviderRefusedError("no claims")
    return claims


def _check_for_us(claims: Mapping[str, Any], expected: Expected) -> None:
    audience, party = claims["aud"], claims.get("azp")
    if party is not None and party != expected.client_id:
        raise ProviderRefusedError("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise ProviderRefusedError("azp")


def _check_nonce(claims: Mapping[str, Any], expected: Expected) -> None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(errors="replace"), expected.nonce.encode()):
        raise ProviderRefusedError("nonce")


def _identity(claims: Mapping[str, Any], expected: Expected) -> Identity:
    subject = claims["sub"]
    if not subject or len(subject) > LONGEST_SUBJECT or "\0" in subject:
        raise ProviderRefusedError("sub")
    email = claims.get("email")
    # Who may type any address into their own profile must not become its owner here.
    checked = claims.get("email_verified") is True and isinstance(email, str) and len(email) <= LONGEST_EMAIL
    methods, level = claims.get("amr"), claims.get("acr")
    strong = {one for one in methods if isinstance(one, str)} if isinstance(methods, list) else set()
    second = bool(strong & expected.amr) or (isinstance(level, str) and level in expected.acr)
    return Identity(expected.issuer, subject, str(email).strip().lower() if checked else "", second)


def _reason(error: Exception) -> str:
    """What was wrong in one word, without anything out of the token."""
    return type(error).__name__ + (f" {claim}" if (claim := _claim_of(error)) else "")


def _claim_of(error: Exception) -> str:
    claim = getattr(error, "claim", "")
    known: Sequence[str] = ("iss", "aud", "sub", "exp", "iat", "nbf")
    return claim if claim in known else ""
