"""What a change of an object means for a collection that has processed it: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.common.extractors.inputs import Address, Chosen, Mappings, Words, find_input, mapped_paths
from services.common.extractors.passthrough import lookup
from services.common.extractors.traits import traits_of
from services.common.row_types import Blob

OPEN, FAILED = ("PENDING", "PROCESSING"), "FAILED"


class Renewal(StrEnum):
    """What there is to do anew.

    `CHECK`: it is processed if what its input holds is something else than before. `REFETCH`: the same, and what came
    from an address is fetched again to see that. `WHOLE`: it is processed whatever it holds.
    """

    NOTHING = "nothing"
    CHECK = "check"
    REFETCH = "refetch"
    WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A collection of the object's bucket; `status` is that of its record, None when it has none."""

    collection_id: str
    extractor: str
    mappings: Mappings
    has_filter: bool
    status: str | None


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an object holds."""

    blobs: Sequence[Blob]
    fields: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object before and after; `sent` are the fields that were sent, whether or not they say anything new.

    An upload, other than a patch, begins what was never begun, tries again what failed, and has addresses fetched.
    """

    before: Held
    after: Held
    sent: Mapping[str, Any]
    sent_blobs: bool = False
    is_upload: bool = False


def renewal_of(reader: Reader, change: Change) -> Renewal:
    """What the collection has to do about the change."""
    if reader.status is None:
        return Renewal.WHOLE if change.is_upload else Renewal.NOTHING
    found = _compared(reader, change)
    if found is Renewal.NOTHING and change.is_upload and reader.status == FAILED:
        return Renewal.WHOLE
    if found is Renewal.NOTHING and reader.has_filter and change.before.fields != change.after.fields:
        return Renewal.CHECK
    return found


def _compared(reader: Reader, change: Change) -> Renewal:
    if not traits_of(reader.extractor).extracts:
        return Renewal.NOTHING
    before = find_input(reader.extractor, reader.mappings, change.before.blobs, change.before.fields)
    after = find_input(reader.extractor, reader.mappings, change.after.blobs, change.after.fields)
    if not _is_same(before, after):
        return Renewal.CHECK
    return Renewal.REFETCH if change.is_upload and _was_sent(reader, after, change) else Renewal.NOTHING


def _is_same(before: Chosen | None, after: Chosen | None) -> bool:
    if isinstance(before, Blob) and isinstance(after, Blob):
        known = before.sha256 is not None and before.sha256 == after.sha256
        return before.blob_id == after.blob_id or known
    return before == after


def _was_sent(reader: Reader, found: Chosen | None, change: Change) -> bool:
    """Whether the upload names an address, where there may be something else by now."""
    if isinstance(found, Blob):
        return change.sent_blobs and found.source_url is not None
    if found is None or isinstance(found, Words):
        return False
    paths = mapped_paths(reader.mappings, traits_of(reader.extractor).inputs)
    return isinstance(found, Address) and any(lookup(change.sent, path) == found.url for path in paths)
