"""Where a reader of the feed of events has come to, as text that it hands back. Pure; what comes back is not trusted.

The feed is read in windows. A window holds the events of the transactions that ended between two snapshots of the
database, and is read by `seq`, which is handed out while the subject is locked. So nothing that commits late is lost,
nothing comes twice, and each subject keeps its order: who changes it later waits for the earlier one to commit, and
so is never in an earlier window.
"""

import base64
import binascii
import re
from dataclasses import dataclass

import orjson

from services.common.errors import InvalidArgumentError

PATH = "query.cursor"
LONGEST = 100_000
MOST = 2**63 - 1
# As before the first transaction of all.
NOTHING = "1:1:"
SNAPSHOT = re.compile(r"(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Behind event `after` of a window, none of whose events is beyond `last`; `at` is when, in seconds since 1970.

    `since` and `until` are PostgreSQL's text of snapshots. A window with `after` = `last` is done.
    """

    since: str = NOTHING
    until: str = NOTHING
    after: int = 0
    last: int = 0
    at: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the window holds nothing more."""
        return self.after >= self.last


def write_place(place: Place) -> str:
    """The text of a cursor."""
    content = orjson.dumps([place.since, place.until, place.after, place.last, place.at])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def read_place(text: str) -> Place:
    """What `write_place` wrote; InvalidArgumentError for anything else."""
    match _decoded(text):
        case [str(since), str(until), int(after), int(last), int(at)]:
            numbers_are_sound = all(0 <= number <= MOST for number in (after, last, at))
            if numbers_are_sound and _is_snapshot(since) and _is_snapshot(until):
                return Place(since=since, until=until, after=after, last=last, at=at)
    raise foreign_cursor()


def _decoded(text: str) -> object:
    if len(text) > LONGEST or not text.isascii():
        raise foreign_cursor()
    try:
        return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise foreign_cursor() from error


def _is_snapshot(text: str) -> bool:
    found = SNAPSHOT.fullmatch(text)
    if found is None:
        return False
    lowest, end = int(found[1]), int(found[2])
    running = [int(each) for each in found[3].split(",")] if found[3] else []
    in_order = running == sorted(set(running)) and all(lowest <= each < end for each in running)
    return 0 < lowest <= end <= MOST and in_order


def foreign_cursor() -> InvalidArgumentError:
    """The error for a cursor that is of another server, or of none."""
    message = "cursor is not one that this server gave; leave it out to begin with the oldest event."
    return InvalidArgumentError(message, reason="INVALID_CURSOR", path=PATH)
