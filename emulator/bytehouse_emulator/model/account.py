"""Ids of the emulated account and of its first user."""

from __future__ import annotations

from typing import Final

ACCOUNT_ID: Final = "2100042608"
# More than 2^53 and odd, so that a client which reads it as a float fails.
FIRST_USER: Final = 4780622283186922001
# How responses show who created an object.
CREATOR: Final = {"id": FIRST_USER, "type": "VOLCANO_MAIN_ACCOUNT"}
