"""What a Vietnamese syllable can be, and syllables left as raw Telex keys."""

from __future__ import annotations

import re
import unicodedata

from bot.text.normalise import fold

_ONSETS = "b c ch d g gh gi h k kh l m n ng ngh nh p ph q qu r s t th tr v x".split()  # noqa: SIM905 - reads better than a list
_RHYMES = """a ac ach ai am an ang anh ao ap at au ay e ec ech em en eng enh eo ep et eu i ia ich iec iem ien ieng iep
iet ieu im in inh ip it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi om on ong ooc oong
op ot u ua uan uang uat uay uc ue uech uenh ui um un ung uo uoc uoi uom uon uong uop uot uou up ut uu uy uya uych uyen
uyet uynh uyt uyp uyu y yem yen yet yeu""".split()  # noqa: SIM905 - reads better than a list
_SYLLABLE = re.compile(
    rf"(?:{'|'.join(sorted(_ONSETS, key=len, reverse=True))})?(?:{'|'.join(sorted(_RHYMES, key=len, reverse=True))})"
)
_TONES = {"f": "\u0300", "s": "\u0301", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_HATS = (
    ("uow", "ươ"),
    ("uwow", "ươ"),
    ("dd", "đ"),
    ("aa", "â"),
    ("ee", "ê"),
    ("oo", "ô"),
    ("aw", "ă"),
    ("ow", "ơ"),
    ("uw", "ư"),
)
_TELEX = re.compile(r"([^aeiouy]*)([a-z]*)")
_VOWELS = "aeiouyâêôăơư"


def is_syllable(word: str) -> bool:
    """Whether a word, tones aside, has the shape of a Vietnamese syllable."""
    return _SYLLABLE.fullmatch(fold(word)) is not None


def decode_telex(word: str) -> str | None:
    """The syllable behind raw Telex keys ("giaays" → "giấy"), None when the keys spell none."""
    if not word.isascii() or not word.isalpha():
        return None
    onset, rest = _TELEX.fullmatch(word).groups()  # type: ignore[union-attr]
    keys = [letter for letter in rest if letter in _TONES]
    if len(keys) > 1:
        return None
    bare = onset + "".join(letter for letter in rest if letter not in _TONES)
    for typed, meant in _HATS:
        bare = bare.replace(typed, meant)
    if bare == word or not is_syllable(bare):
        return None
    return _put_tone(bare, _TONES[keys[0]]) if keys else bare


def _put_tone(bare: str, tone: str) -> str:
    start = 2 if bare.startswith(("qu", "gi")) and len(bare) > 2 and bare[2] in _VOWELS else 0
    places = [place for place in range(start, len(bare)) if bare[place] in _VOWELS]
    hatted = [place for place in places if bare[place] in "âêôăơư"]
    if not places:
        return bare
    closed = bare[-1] not in _VOWELS
    place = hatted[-1] if hatted else places[1] if len(places) > 2 or (closed and len(places) > 1) else places[0]
    return unicodedata.normalize("NFC", bare[: place + 1] + tone + bare[place + 1 :])
