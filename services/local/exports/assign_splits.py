"""The split of each row of an export: copies and near copies, and what one object gave, on one side."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.local.exports.export_request import Wanted
from services.local.exports.picture_hash import look_of, near_pairs
from services.local.exports.split_rule import Groups, divide
from services.local.exports.survey import Survey


def splits_of(survey: Survey, wanted: Wanted, media: Path) -> Sequence[str | None]:
    """A split for each row that stays; None where none are asked for."""
    if not wanted.splits:
        return [None] * len(survey.contents)
    groups = Groups(len(survey.contents))
    groups.join_equal(_content(each, survey.kind) for each in survey.contents)
    groups.join_equal(survey.objects)
    if survey.kind == "image" and wanted.with_files:
        _join_near(survey.contents, groups, media)
    digests = [hashlib.sha256(each.encode()).hexdigest() for each in survey.contents]
    return divide(digests, survey.labels, groups, wanted.splits)


def _content(content: str, kind: str) -> str:
    """Texts that differ in case or white space alone are copies."""
    return " ".join(content.casefold().split()) if kind == "text" else content


def _join_near(contents: Sequence[str], groups: Groups, media: Path) -> None:
    looks = [(place, look_of(media / content.removeprefix("sha256:"))) for place, content in enumerate(contents)]
    known = [(place, look) for place, look in looks if look is not None]
    if not known:
        return
    hashes = np.frombuffer(b"".join(look for _, look in known), np.uint8).reshape(len(known), -1)
    for one, other in near_pairs(hashes):
        groups.join(known[one][0], known[other][0])
