"""Reading what an endpoint says of a group, however it says it; nothing of it is trusted. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

LONGEST_LABEL = 200
LONGEST_SUMMARY = 2_000
LONGEST_KEYWORD = 60
MOST_KEYWORDS = 10
FENCE = re.compile(r"```[a-z]*\s*(.*?)```", re.IGNORECASE | re.DOTALL)
# What some models think aloud comes before their answer.
THOUGHT = re.compile(r"<think>.*?</think>", re.IGNORECASE | re.DOTALL)
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


class UnreadableError(Exception):
    """The answer holds no label that could be shown; the text says why."""


@dataclass(frozen=True, kw_only=True)
class SaidName:
    """The name that an endpoint gave a group."""

    label: str
    summary: str | None
    keywords: tuple[str, ...]


def said_name(text: str, cluster_id: str, candidates: Mapping[str, str] | None) -> SaidName:
    """The name in an answer; UnreadableError when it has none, one that is no label, or none of the candidates."""
    found = _object_in(text, cluster_id)
    label = _plain(found.get("label"))
    if not label:
        raise UnreadableError("the answer has no label")
    if len(label) > LONGEST_LABEL:
        raise UnreadableError(f"the label has {len(label)} characters, {LONGEST_LABEL} at most make a label")
    if candidates:
        label = _candidate(label, candidates)
    return SaidName(
        label=label, summary=_plain(found.get("summary"))[:LONGEST_SUMMARY] or None, keywords=_keywords(found)
    )


def _object_in(text: str, cluster_id: str) -> Mapping[str, Any]:
    said = THOUGHT.sub("", text)
    fenced = FENCE.search(said)
    for part in (said, *([fenced.group(1)] if fenced else []), _between(said, "{", "}"), _between(said, "[", "]")):
        try:
            found = _one(orjson.loads(part), cluster_id)
        except orjson.JSONDecodeError:
            continue
        if found is not None:
            return found
    raise UnreadableError("the answer is no JSON object")


def _between(text: str, first: str, last: str) -> str:
    return text[text.find(first) : text.rfind(last) + 1]


def _one(value: Any, cluster_id: str) -> Mapping[str, Any] | None:
    """The object for the group, out of a list of such or one that is keyed by group, too."""
    if isinstance(value, list):
        named = [each for each in value if isinstance(each, Mapping)]
        return next((each for each in named if each.get("cluster_id") == cluster_id), named[0] if named else None)
    if not isinstance(value, Mapping):
        return None
    inside = value.get(cluster_id, value.get("clusters"))
    if "label" in value or inside is None:
        return value
    return {"label": inside} if isinstance(inside, str) else _one(inside, cluster_id)


def _plain(value: Any) -> str:
    """The text on one line, without what cannot be seen."""
    text = value if isinstance(value, str) else ""
    return " ".join(UNSEEN.sub(" ", text).split()).strip("\"'` ")


def _candidate(label: str, candidates: Mapping[str, str]) -> str:
    known = {each.casefold(): each for each in candidates}
    if label.casefold() not in known:
        raise UnreadableError(f"'{label:.60}' is none of the candidate labels")
    return known[label.casefold()]


def _keywords(found: Mapping[str, Any]) -> tuple[str, ...]:
    said = found.get("keywords")
    words: Sequence[Any] = said.split(",") if isinstance(said, str) else said if isinstance(said, list) else ()
    plain = (_plain(word) for word in words)
    return tuple(dict.fromkeys(word for word in plain if word and len(word) <= LONGEST_KEYWORD))[:MOST_KEYWORDS]
