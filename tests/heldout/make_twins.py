#!/usr/bin/env python3
"""Write the twins of the held-out messages: the same words as people really type them on a phone.

Reads ``messages.jsonl`` next to this file and writes ``twins.jsonl``: for every message in scope six twins,
one for each slice (no tones, chat abbreviations, slips of the finger, wrong spaces, capitals, no tones and
abbreviations together).
The result depends on the seed only; receipt codes, dossier codes and web addresses stay as they are in every slice.

Usage: ``python tests/heldout/make_twins.py [--seed 20261122]``
"""

from __future__ import annotations

import argparse
import json
import random
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 20261122
ABBREVIATION_RATE = 0.6
SLIP_RATE = 0.18

# Receipt codes, dossier codes (with or without the leading "000.19.22."), names of forms, web addresses.
CODE = re.compile(
    r"PA(?:-[0-9A-Z]{4}){3}"
    r"|(?:\d+\.)*[A-Z]\d{2}(?:\.\d+)*-\d{6}-\d{4}"
    r"|CT\d{2}"
    r"|[a-z]+(?:[-.][a-z]+)*\.(?:vn|vip)"
)

# What people write in chats instead of the full word; several forms are drawn from at random.
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    # everyday words
    "không": ("ko", "k", "hok", "kg", "hông", "khum"),
    "được": ("dc", "đc", "đươc"),
    "gì": ("j", "gi", "ji"),
    "rồi": ("r", "rùi", "roài"),
    "với": ("vs", "zới"),
    "biết": ("bit", "bít", "bik"),
    "bao nhiêu": ("bn", "bnhiu", "bao nhiu"),
    "nhiêu": ("nhiu",),
    "nhiều": ("nhìu", "nhiu"),
    "vậy": ("v", "z", "zậy"),
    "như thế nào": ("ntn",),
    "thế nào": ("tnao", "tn"),
    "làm sao": ("lsao", "làm s"),
    "làm": ("lm", "lèm"),
    "muốn": ("mún", "mun", "mốn"),
    "phải": ("fải", "phãi"),
    "cũng": ("cx", "cg"),
    "bây giờ": ("bh", "bjo", "bgio"),
    "giờ": ("h", "jờ", "gio"),
    "luôn": ("lun", "luon"),
    "trước": ("trc", "trk"),
    "nước": ("nc",),
    "trong": ("trg", "tog"),
    "người": ("ng", "ngừi"),
    "những": ("nhg", "nhữg"),
    "nhưng": ("nhưg", "nhg"),
    "quá": ("wá", "qá"),
    "qua": ("wa",),
    "chưa": ("ch", "chx"),
    "vẫn": ("vx", "vẩn"),
    "vâng": ("vg", "vag", "dạ"),
    "nhé": ("nha", "nhe"),
    "bạn": ("b", "bn", "pạn"),
    "mọi người": ("mn", "mng"),
    "mấy": ("mý", "mí"),
    "một": ("1", "mọt"),
    "hai": ("2",),
    "nữa": ("nx", "nửa"),
    "cảm ơn": ("thanks", "tks", "cảm ưn", "cmơn"),
    "cám ơn": ("tks", "thank", "cám ưn"),
    "giúp": ("júp", "giup", "zúp"),
    "mình": ("mk", "mik", "mìn"),
    "tôi": ("t", "tui", "toi"),
    "em": ("e", "iem"),
    "anh": ("a",),
    "chị": ("c",),
    "thôi": ("thui", "hoy"),
    "thì": ("thỳ", "thi", "thj"),
    "cho": ("cko", "ch"),
    "việc": ("vc", "vịc"),
    "nói": ("ns",),
    "viết": ("vít", "vik"),
    "đường": ("đg",),
    "này": ("nài", "nì", "nàk"),
    "đúng": ("đúg", "đug"),
    "hôm nay": ("hnay", "hn"),
    "hôm qua": ("hqua", "hwa"),
    "tại sao": ("tsao", "sao"),
    "sao": ("seo", "s"),
    "tháng": ("thg", "thág"),
    "tuần": ("tuàn", "tuan"),
    "nghìn": ("k", "ngàn"),
    "triệu": ("tr", "củ"),
    "tiền": ("xiền", "tìn"),
    "chồng": ("ck",),
    "vợ": ("vk",),
    "vợ chồng": ("vc",),
    "khoảng": ("khoag", "tầm"),
    "ạ": ("ak", "ah", "ạk"),
    "đi": ("đy", "di"),
    "hỏi": ("hõi", "hoi"),
    "chỗ": ("chổ", "chõ"),
    "gửi": ("gởi", "gưi"),
    "khi nào": ("knao", "khi nèo"),
    "bao lâu": ("blâu", "bao lau"),
    "bao giờ": ("bgio", "bao h"),
    "đâu": ("đou",),
    "vào": ("vô", "zô"),
    "chuyển": ("chuyễn", "chuyn"),
    # words of the office
    "giấy tờ": ("gt", "gtờ"),
    "giấy": ("giay", "jấy"),
    "hồ sơ": ("hs", "hsơ"),
    "thủ tục": ("tt", "thủ tụk"),
    "đăng ký": ("đk", "dky", "đki"),
    "đăng nhập": ("đnhap", "log in"),
    "tài khoản": ("tk", "acc"),
    "mật khẩu": ("mk", "pass"),
    "số điện thoại": ("sđt", "sdt"),
    "điện thoại": ("đt", "dt", "đthoai"),
    "dịch vụ công": ("dvc", "dvcông"),
    "hành chính": ("hc", "hchính"),
    "ủy ban": ("ub", "uỷ bn"),
    "phường": ("p", "fường"),
    "thành phố": ("tp",),
    "công an": ("ca",),
    "căn cước": ("cccd", "cc"),
    "chứng minh nhân dân": ("cmnd",),
    "bảo hiểm xã hội": ("bhxh",),
    "bảo hiểm y tế": ("bhyt",),
    "bảo hiểm": ("bh", "bhiem"),
    "thất nghiệp": ("tnghiep", "thất ngiệp"),
    "hộ khẩu": ("hk", "hkhẩu"),
    "khai sinh": ("ks", "k.sinh"),
    "kết hôn": ("k.hôn", "kết hun"),
    "tạm trú": ("ttrú", "tạm chú"),
    "giấy phép lái xe": ("gplx",),
    "giấy phép": ("gp",),
    "bằng lái": ("blx", "bằng lai"),
    "giấy phép xây dựng": ("gpxd",),
    "xây dựng": ("xd",),
    "cán bộ": ("cb", "cbộ"),
    "nhân viên": ("nv",),
    "công ty": ("cty",),
    "ngân hàng": ("nh", "bank"),
    "chuyển khoản": ("ck",),
    "thanh toán": ("ttoán", "tt"),
    "trực tuyến": ("onl", "trực tyến"),
    "online": ("onl", "ol"),
    "thông tin": ("ttin",),
    "địa chỉ": ("đ/c", "đchi"),
    "kiểm tra": ("ktra", "check"),
    "trả lời": ("rep", "tl"),
    "nhắn tin": ("nt", "ib"),
    "yêu cầu": ("yc",),
    "quy định": ("qđ", "qđịnh"),
    "kết quả": ("kq",),
    "lệ phí": ("lphí", "lệ fí"),
    "phí": ("fí",),
    "khiếu nại": ("kn", "k.nại"),
    "hướng dẫn": ("hd", "hdẫn"),
    "sinh viên": ("sv",),
    "ủy quyền": ("uq", "uỷ qền"),
    "chứng thực": ("cthực", "chứg thực"),
    "công chứng": ("cchứng", "côg chứng"),
    "bản sao": ("bsao",),
    "ngoài": ("ngoai", "ngòai"),
    "hộ chiếu": ("hchiếu", "passport"),
    "lý lịch tư pháp": ("lltp",),
    "kinh doanh": ("kd",),
    "sang tên": ("stên", "sang tn"),
    "xác nhận": ("xn", "xnhận"),
}
ABBREVIATION = re.compile(
    r"(?<!\w)(?:" + "|".join(re.escape(word) for word in sorted(ABBREVIATIONS, key=len, reverse=True)) + r")(?!\w)",
    re.IGNORECASE,
)

TELEX_TONES = {"\u0301": "s", "\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
TELEX_SHAPES = {"\u0302": "same", "\u0306": "w", "\u031b": "w"}
NEIGHBOURS = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "k": "jl",
    "l": "ko",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "wa",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "x": "zc",
    "y": "tu",
}


def strip_tones(text: str) -> str:
    """Take all Vietnamese diacritics away ("được" becomes "duoc"); other scripts stay as they are."""
    plain = text.replace("đ", "d").replace("Đ", "D")
    return "".join(strip_letter(letter) for letter in plain)


def strip_letter(letter: str) -> str:
    """Take the diacritics off one letter if it is a Latin one."""
    base = unicodedata.normalize("NFD", letter)
    return base[0] if base[0].isascii() else letter


def outside_codes(text: str, change: Callable[[str], str]) -> str:
    """Apply ``change`` to the stretches between codes and leave the codes themselves alone."""
    parts: list[str] = []
    end = 0
    for found in CODE.finditer(text):
        parts += [change(text[end : found.start()]), found.group()]
        end = found.end()
    parts.append(change(text[end:]))
    return "".join(parts)


def no_tones(text: str, rng: random.Random) -> str:
    """All diacritics gone."""
    del rng
    return outside_codes(text, strip_tones)


def abbreviations(text: str, rng: random.Random) -> str:
    """Chat abbreviations where they match, each with the fixed probability, at least one where any matches."""
    codes = [found.span() for found in CODE.finditer(text)]
    places = [
        found
        for found in ABBREVIATION.finditer(text)
        if not any(start < found.end() and found.start() < end for start, end in codes)
    ]
    if not places:
        return text
    chosen = [found for found in places if rng.random() < ABBREVIATION_RATE] or [rng.choice(places)]
    for found in reversed(chosen):
        word = found.group()
        short = rng.choice(ABBREVIATIONS[word.lower()])
        if word[0].isupper():
            short = short[0].upper() + short[1:]
        text = text[: found.start()] + short + text[found.end() :]
    return text


def telex(word: str, only_tone: bool) -> str:
    """Spell a word as its Telex keys ("giấy" becomes "giaays"), or leave only the key of the tone behind ("giâys")."""
    out, tone = "", ""
    for letter in word:
        if letter in "đĐ" and not only_tone:
            out += letter.replace("đ", "dd").replace("Đ", "Dd")
            continue
        base, *marks = list(unicodedata.normalize("NFD", letter))
        kept = ""
        for mark in marks:
            if mark in TELEX_TONES:
                tone = TELEX_TONES[mark]
            elif only_tone:
                kept += mark
            elif TELEX_SHAPES.get(mark) == "same":
                base += base[0].lower()
            else:
                base += "w"
        out += unicodedata.normalize("NFC", base + kept)
    return out + tone


def other_tone(word: str, rng: random.Random, drop: bool) -> str:
    """Drop the tone mark of a word, or put another one in its place."""
    letters = unicodedata.normalize("NFD", word)
    places = [index for index, mark in enumerate(letters) if mark in TELEX_TONES]
    if not places:
        return word
    place = places[0]
    new = "" if drop else rng.choice([mark for mark in TELEX_TONES if mark != letters[place]])
    return unicodedata.normalize("NFC", letters[:place] + new + letters[place + 1 :])


def slip(word: str, rng: random.Random) -> str:
    """Make one typing error in a word; the word comes back changed whenever that is possible."""
    plain = strip_tones(word)
    for _ in range(20):
        kind = rng.choice(
            ("telex", "telex", "telex_tone", "swap", "drop", "double", "neighbour", "wrong_tone", "no_tone")
        )
        place = rng.randrange(len(word))
        new = word
        if kind == "telex":
            new = telex(word, only_tone=False)
        elif kind == "telex_tone":
            new = telex(word, only_tone=True)
        elif kind == "swap" and len(word) > 2 and 0 < place < len(word) - 1:
            new = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        elif kind == "drop" and len(word) > 2 and place > 0:
            new = word[:place] + word[place + 1 :]
        elif kind == "double":
            new = word[: place + 1] + word[place].lower() + word[place + 1 :]
        elif kind == "neighbour" and len(word) > 2 and plain[place].lower() in NEIGHBOURS:
            new = word[:place] + rng.choice(NEIGHBOURS[plain[place].lower()]) + word[place + 1 :]
        elif kind in ("wrong_tone", "no_tone"):
            new = other_tone(word, rng, drop=kind == "no_tone")
        if new != word:
            return new
    return word


def slips(text: str, rng: random.Random) -> str:
    """Typing errors in about eighteen words of a hundred, at least one in every message of two words or more."""
    codes = [found.span() for found in CODE.finditer(text)]
    words = [
        found
        for found in re.finditer(r"[^\W\d_]+", text)
        if not any(start < found.end() and found.start() < end for start, end in codes)
    ]
    chosen = [found for found in words if rng.random() < SLIP_RATE]
    if not chosen and len(words) > 1:
        chosen = [rng.choice(words)]
    for found in reversed(chosen):
        text = text[: found.start()] + slip(found.group(), rng) + text[found.end() :]
    return text


def spaces(text: str, rng: random.Random) -> str:
    """Words joined or split, double spaces, no space after punctuation; nothing is glued to a code."""
    tokens = text.split(" ")
    if not any(letter.isalpha() for letter in CODE.sub("", text)):
        return text
    for _ in range(50):
        out = ""
        for index, token in enumerate(tokens):
            if not CODE.search(token) and token.isalpha() and len(token) >= 4 and rng.random() < 0.08:
                cut = rng.randrange(2, len(token) - 1)
                token = token[:cut] + " " + token[cut:]
            out += token
            if index == len(tokens) - 1:
                break
            draw = rng.random()
            if CODE.search(token) or CODE.search(tokens[index + 1]):
                out += " "
            elif token[-1:] in ",.?!;:":
                out += "" if draw < 0.6 else " "
            else:
                out += "" if draw < 0.12 else "  " if draw < 0.22 else " "
        if out != text:
            return out
    return text


def capitals(text: str, rng: random.Random) -> str:
    """Everything in capitals, or Words begun With a capital At Random."""
    if rng.random() < 0.5:
        return outside_codes(text, str.upper)

    def start(found: re.Match[str]) -> str:
        """Capitalise this word or leave it, by chance."""
        word = found.group()
        return word[0].upper() + word[1:] if rng.random() < 0.6 else word

    return outside_codes(text, lambda part: re.sub(r"[^\W\d_]+", start, part))


def no_tones_abbreviations(text: str, rng: random.Random) -> str:
    """Chat abbreviations first, then all diacritics gone."""
    return no_tones(abbreviations(text, rng), rng)


SLICES: dict[str, Callable[[str, random.Random], str]] = {
    "no_tones": no_tones,
    "abbreviations": abbreviations,
    "slips": slips,
    "spaces": spaces,
    "capitals": capitals,
    "no_tones_abbreviations": no_tones_abbreviations,
}


def make_twins(messages: list[dict[str, str]], seed: int) -> list[dict[str, str]]:
    """Six twins for every message in scope; each has its own seed, so a new message changes no other."""
    twins: list[dict[str, str]] = []
    for message in messages:
        if message["intent"] == "out_of_scope":
            continue
        source = unicodedata.normalize("NFC", message["text"])
        for name, change in SLICES.items():
            text = change(source, random.Random(f"{seed}:{source}:{name}"))
            if CODE.findall(text) != CODE.findall(source):
                raise ValueError(f"{message['id']}: the slice {name} broke a code")
            twins.append(
                {
                    "id": f"{message['id']}-{name}",
                    "of": message["id"],
                    "slice": name,
                    "text": text,
                    "intent": message["intent"],
                }
            )
    return twins


def main() -> None:
    """Read the messages, write the twins, say how many."""
    parser = argparse.ArgumentParser(description="Write twins.jsonl from messages.jsonl.")
    parser.add_argument("--seed", type=int, default=SEED)
    seed: int = parser.parse_args().seed
    lines = (HERE / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line) for line in lines if line.strip()]
    twins = make_twins(messages, seed)
    body = "".join(json.dumps(twin, ensure_ascii=False) + "\n" for twin in twins)
    (HERE / "twins.jsonl").write_text(body, encoding="utf-8")
    sources = {message["id"]: message["text"] for message in messages}
    for name in SLICES:
        group = [twin for twin in twins if twin["slice"] == name]
        same = sum(twin["text"] == sources[twin["of"]] for twin in group)
        print(f"{name}: {len(group)} twins, {same} equal to their source")


if __name__ == "__main__":
    main()
