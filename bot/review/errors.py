"""What can go wrong with a review; each message is a sentence for the maintainer."""

from __future__ import annotations


class ReviewError(Exception):
    """Something can't be done in the review inbox or with the data files."""
