"""Texts of a complaint as search and staff need them."""

from __future__ import annotations

from bot.complaints.model import Complaint
from bot.text.normalise import fold, normalise

# An index takes no word of any length.
LONGEST_WORD = 60


def plain(text: str) -> str:
    """A text in small letters and figures without tones, single spaces; what is no word by its length is cut."""
    words = "".join(c if c.isalnum() else " " for c in fold(normalise(text))).split()
    return " ".join(word[:LONGEST_WORD] for word in words)


def folded_text(complaint: Complaint) -> str:
    """Everything told in a complaint, folded, so that words are found with tones or without."""
    told = [complaint.description, complaint.office, complaint.happened, complaint.person, complaint.dossier_code]
    told += [word.text for word in complaint.words]
    return plain(" ".join(dict.fromkeys(text for text in told if text)))
