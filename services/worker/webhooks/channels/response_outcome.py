"""What the answer of a receiver means."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.worker.webhooks.delivery_types import Outcome

LONGEST_WAIT_SECONDS = 86_400.0
LONGEST_ERROR = 500
ASKED_TO_WAIT = frozenset({429, 503})


def of_answer(status: int, retry_after: str | None, excerpt: str, now: datetime) -> Outcome:
    """The outcome of an HTTP answer; `excerpt` is the beginning of its body."""
    if 200 <= status < 300:
        return Outcome(verdict="delivered", response_status=status)
    if status == 410:
        said = "The receiver answered 410 Gone: it never wants to hear of this again."
        return Outcome(verdict="over", error=said, response_status=status, is_gone=True)
    said = f"The receiver answered {status}{': redirects are not followed' if 300 <= status < 400 else ''}."
    wait = seconds_of(retry_after, now) if status in ASKED_TO_WAIT else 0.0
    return Outcome(verdict="again", error=shortened(f"{said} {excerpt}"), response_status=status, wait_seconds=wait)


def seconds_of(retry_after: str | None, now: datetime) -> float:
    """How long a Retry-After header asks to wait, at most a day; 0 when it asks for nothing that can be read."""
    text = (retry_after or "").strip()
    seconds = float(text[:12]) if text.isascii() and text.isdigit() else _until(text, now)
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0.0
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def shortened(text: str) -> str:
    """One line that can be stored and shown."""
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_ERROR else line[: LONGEST_ERROR - 3] + "..."
