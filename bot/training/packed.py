"""What the ledger keeps of a model's sentences and of its readings, small and without any sentence.

A sentence is there as a keyed digest: whoever reads the table can't try out sentences, and an erased person's sentence
is in none of it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.text.copies import plain
from bot.training.measure import Prediction

# Of 64 hex digits; two of ten million sentences share these once in a thousand databases.
_KEPT_DIGITS = 20
# Readings kept of a ranking.
_READINGS = 3
Digest = Callable[[str], str]


def key_of(text: str, digest: Digest) -> str:
    """What stands for a sentence; tones, case and punctuation don't count, as where training data is checked."""
    return digest(f"sentence:{plain(text)}")[:_KEPT_DIGITS]


def pack_examples(rows: Iterable[tuple[str, str]], digest: Digest) -> bytes:
    """Sentences and intents as bytes."""
    return _pack({key_of(text, digest): intent for text, intent in rows})


def unpack_examples(packed: bytes | None) -> dict[str, str]:
    """Keys of sentences and their intents; nothing where nothing was kept."""
    found: dict[str, str] = _unpack(packed) if packed else {}
    return found


def pack_predictions(predictions: Sequence[Prediction], digest: Digest) -> bytes:
    """What a model made of messages as bytes; the best readings of each, and the true one."""
    kept = {}
    for one in predictions:
        ranking = one.ranking[:_READINGS] + tuple(r for r in one.ranking[_READINGS:] if r[0] == one.truth)
        kept[_message_key(one.text, one.part, digest)] = [[name, round(share, 4)] for name, share in ranking]
    return _pack(kept)


def unpack_predictions(
    packed: bytes | None, rows: Sequence[tuple[str, str, str]], digest: Digest
) -> list[Prediction] | None:
    """What a model made of these messages, None when it has not seen all of them.

    Args:
        rows: text, true intent and part of each.
    """
    found = [one for one in known_predictions(packed, rows, digest) if one is not None]
    return found if len(found) == len(rows) else None


def known_predictions(
    packed: bytes | None, rows: Sequence[tuple[str, str, str]], digest: Digest
) -> list[Prediction | None]:
    """What a model made of each of these messages, None of those that it has not seen.

    Args:
        rows: text, true intent and part of each.
    """
    kept: Mapping[str, list[tuple[str, float]]] = _unpack(packed) if packed else {}
    found: list[Prediction | None] = []
    for text, truth, part in rows:
        ranking = kept.get(_message_key(text, part, digest))
        read = tuple((name, share) for name, share in ranking) if ranking else None
        found.append(Prediction(text, truth, read, part) if read else None)
    return found


def _message_key(text: str, part: str, digest: Digest) -> str:
    return digest(f"message:{part}:{text}")[:_KEPT_DIGITS]


def _pack(content: Mapping[str, object]) -> bytes:
    return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _unpack(packed: bytes) -> Any:
    return json.loads(zlib.decompress(packed))
