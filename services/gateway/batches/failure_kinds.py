"""Whether a failed object may do better next time, told by the reason that the worker gave."""

import re

TRANSIENT, PERMANENT, RESOURCE = "transient", "permanent", "resource"
NO_ANSWER, LOST = "NO_ANSWER", "LOST"
EXHAUSTED = re.compile(r"\(tried \d+ times\)$")


def failure_kind(reason: str | None) -> str:
    """`transient`: tried until no attempt was left; `resource`: its processing ended without an answer."""
    text = reason or ""
    if text.startswith(NO_ANSWER):
        return RESOURCE
    return TRANSIENT if text.startswith(LOST) or EXHAUSTED.search(text) else PERMANENT
