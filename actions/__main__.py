"""The action server. It listens once content is read and search has learnt, so that no question waits for that."""

from __future__ import annotations

from rasa_sdk.__main__ import main

from actions.base import services

if __name__ == "__main__":
    services()
    main()
