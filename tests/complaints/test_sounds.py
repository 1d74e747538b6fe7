import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.errors import RefusedFileError
from bot.complaints.evidence_checks import check_file, load_file_rules
from bot.complaints.inspection.kinds import kind_of
from bot.complaints.inspection.refusal import RefusedError
from bot.complaints.inspection.sounds import SOUNDS, clean_sound
from bot.settings import ROOT
from tests.complaints import sounds
from tests.complaints.sounds import SECRET

RULES = load_file_rules(ROOT / "knowledge")
TAKEN = {
    "mp3": sounds.mp3(),
    "aac": sounds.aac() + SECRET,
    "amr": sounds.amr(end=SECRET),
    "ogg": sounds.opus(),
    "m4a": sounds.m4a(more=sounds.box(b"uuid", SECRET)),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_recording_is_taken_without_what_describes_it(kind):
    file = check_file(RULES, "giọng nói", TAKEN[kind])
    assert file.media_type == RULES.kinds[kind].media_type
    assert file.name == f"giọng nói{RULES.kinds[kind].endings[0]}"
    assert SECRET[:6] not in file.content


@pytest.mark.parametrize("kind", TAKEN)
def test_what_was_cleaned_stays_as_it_is(kind):
    once = clean_sound(kind, TAKEN[kind])
    assert (kind_of(once), clean_sound(kind, once)) == (kind, once)


@pytest.mark.parametrize(
    ("kind", "cleaned"),
    [
        ("mp3", sounds.mp3(start=b"", end=b"")),
        ("aac", sounds.aac()),
        ("amr", sounds.amr()),
    ],
)
def test_every_frame_is_kept(kind, cleaned):
    assert clean_sound(kind, TAKEN[kind]) == cleaned


def test_pages_are_numbered_anew_when_long_comments_go():
    cleaned = clean_sound("ogg", sounds.opus(comment=SECRET * 10, pages_of_comments=2))
    assert cleaned.count(b"OggS") == 7
    assert ([page[14] for page in cleaned.split(b"OggS")[1:]], SECRET in cleaned) == (list(range(7)), False)


def test_boxes_stay_in_their_places_so_that_every_offset_holds():
    given_file = TAKEN["m4a"]
    cleaned = clean_sound("m4a", given_file)
    assert (len(cleaned), cleaned.index(b"mdat")) == (len(given_file), given_file.index(b"mdat"))


def test_a_recording_that_says_it_is_a_film_is_known_by_what_is_in_it():
    assert kind_of(sounds.m4a(brand=b"isom")) == "m4a"
    assert kind_of(sounds.m4a(brand=b"isom", handler=b"vide")) == "video"


@pytest.mark.parametrize(
    ("reason", "content"),
    [
        ("broken", sounds.mp3(frames=1)),
        ("broken", sounds.amr(frames=0)),
        ("broken", TAKEN["ogg"][:-5]),
        ("broken", TAKEN["m4a"][:-5]),
        ("audio", TAKEN["ogg"].replace(b"OpusHead", b"\x01vorbis!")),
        ("audio", TAKEN["ogg"] + TAKEN["ogg"]),
        ("audio", sounds.m4a(handler=b"text")),
        ("video", sounds.m4a(handler=b"vide")),
        ("mixed", sounds.amr(end=b"PK\x05\x06" + bytes(18))),
    ],
)
def test_what_is_no_plain_recording_is_refused(reason, content):
    with pytest.raises(RefusedFileError) as refusal:
        check_file(RULES, "x", content)
    assert refusal.value.reason == reason


@given(kind=st.sampled_from(SOUNDS), at=st.integers(0, 400), garbage=st.binary(max_size=60), cut=st.booleans())
def test_whatever_is_in_it_a_recording_is_cleaned_or_refused(kind, at, garbage, cut):
    content = TAKEN[kind]
    spoilt = content[:at] + garbage + (b"" if cut else content[at + len(garbage) :])
    try:
        outcome = "taken" if len(clean_sound(kind, spoilt)) <= len(spoilt) + 64 else "grown"
    except RefusedError as refusal:
        outcome = refusal.reason
    assert outcome in ("taken", *RULES.refusals)
