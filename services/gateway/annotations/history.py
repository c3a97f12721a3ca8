"""An annotation as it was: its newest state with the later edits undone. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.common.errors import NotFoundError

JsonObject = dict[str, Any]


def at_version(row: Mapping[str, Any], revisions: Sequence[JsonObject], version: int) -> JsonObject:
    """The annotation as `version` had it; NotFoundError when it has no such version."""
    if not 1 <= version <= row["version"]:
        raise NotFoundError.of("version", str(version))
    later = [each for each in revisions if each["version"] >= version]
    made = next((each["edited_at"] for each in revisions if each["version"] == version - 1), row["created_at"])
    return _undone(row, later) | {"version": version, "updated_at": made}


def at_time(row: Mapping[str, Any], revisions: Sequence[JsonObject], moment: datetime) -> JsonObject:
    """The annotation as it stood at a time after its creation."""
    earlier = [each for each in revisions if each["edited_at"] <= moment]
    return at_version(row, revisions, 1 + len(earlier)) | {"revisions": earlier}


def _undone(row: Mapping[str, Any], revisions: Sequence[JsonObject]) -> JsonObject:
    state = dict(row)
    for revision in reversed(revisions):
        state |= revision["prior"]
    return state
