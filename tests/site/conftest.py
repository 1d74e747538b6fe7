"""Feedback to show on pages."""

from tests.complaints.conftest import centre

__all__ = ["centre"]
