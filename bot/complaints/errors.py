"""What can go wrong with a complaint; each message is a sentence for the person who asked.

ComplaintError
├── UnknownComplaintError
├── ForbiddenMoveError
│   └── NamingWaitsError
├── NobodyChosenError
├── UnknownUnitError
├── MissingTextError
├── ChangedMeanwhileError
├── NotAReaderError
├── NotYoursError
├── RefusedFileError
├── NoConsentError
└── UnknownFileError
"""

from __future__ import annotations


class ComplaintError(Exception):
    """Something can't be done with a complaint."""


class UnknownComplaintError(ComplaintError):
    """There is no complaint with this code, or none that this person may see."""


class ForbiddenMoveError(ComplaintError):
    """A complaint may not go from its state to the one asked for."""


class NamingWaitsError(ForbiddenMoveError):
    """Nobody has said yet who is named: it may be whoever, or of the unit, that it would be given to."""


class NobodyChosenError(ComplaintError):
    """Neither was anybody chosen as named, nor said that nobody is."""


class UnknownUnitError(ComplaintError):
    """Nobody is of this unit, so hardly anybody would see what is given to it."""


class MissingTextError(ComplaintError):
    """A move needs words for the citizen and has none."""


class ChangedMeanwhileError(ComplaintError):
    """Somebody else changed the complaint since it was read."""


class NotAReaderError(ComplaintError):
    """Denunciations are read by named persons only, and this is none of them."""


class NotYoursError(ComplaintError):
    """This can only be done by the citizen who filed it, where they filed it."""


class RefusedFileError(ComplaintError):
    """A file is not taken; the message is a sentence for the citizen, `reason` its key in `knowledge/evidence.yml`."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class NoConsentError(ComplaintError):
    """The citizen has not agreed to what this needs; the message is a sentence for them."""


class UnknownFileError(ComplaintError):
    """There is no such file, or its bytes are gone."""
