"""Hypothesis strategies for filters and for the documents that they are tried on.

Fields and values come from small sets, so that a random filter often matches something.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

TEXTS = st.sampled_from(["a", "A", "b", "ab", "%", "_", "é", "e\u0301"]) | st.text(
    alphabet="aAbB%_\\ .éÉ0'\"", max_size=4
)
WORDS = st.lists(st.sampled_from(["red", "Red", "shoe", "BLUE", "été"]), max_size=4).map(" ".join)
NUMBERS = st.sampled_from([0, 1, 1.0, -1, 2, 0.5, 1.5, 10**20, 2**53 + 1, 1e300, -2.5])
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
NULLABLE = st.one_of(st.none(), SCALARS)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(-3, 3).map(lambda days: FIRST + timedelta(days=days))
REGEXES = st.sampled_from(["^a", "b$", "a.b", "[ab]+", "(?:a|b)0?", "A", r"\.", "a{2}", "^$", "é", "(?!a)b", "%"])

USER_FIELDS = ["x", "tags", "tags.0", "nested.x", "metadata.x", "metadata.only", "only", "missing", "title", "labels"]
DOTTED_FIELDS = ["info.kind", "info.more.kind", "people.name", "people.0.name", "metadata.info.kind", "people.tags"]
SYSTEM_FIELDS = [
    "taxonomy_match.x",
    "taxonomy_match",
    "_internal.x",
    "labels.x.source",
    "_internal.labels.x.source",
    "labels.info.kind.source",
]
JSON_FIELDS = st.sampled_from([*USER_FIELDS, *DOTTED_FIELDS, *SYSTEM_FIELDS])
TEXT_FIELDS = st.sampled_from(["document_id", "bucket_id", "collection_id", "root_object_id", "source_object_id"])
TIME_FIELDS = st.sampled_from(["created_at", "_internal.updated_at"])


def _leaf(field: Any, operator: Any, value: Any) -> st.SearchStrategy[dict[str, Any]]:
    case = st.sampled_from([{}, {"case_sensitive": True}, {"case_insensitive": True}, {"case_sensitive": False}])
    parts = st.fixed_dictionaries({"field": field, "operator": operator, "value": value})
    return st.builds(lambda part, extra: {**part, **extra}, parts, case)


_FIELDS = JSON_FIELDS | TEXT_FIELDS
LEAVES = st.one_of(
    _leaf(_FIELDS, st.sampled_from(["eq", "ne"]), NULLABLE),
    _leaf(_FIELDS, st.sampled_from(["in", "nin"]), st.lists(NULLABLE, max_size=4)),
    _leaf(_FIELDS, st.sampled_from(["gt", "lt", "gte", "lte"]), TEXTS | NUMBERS),
    _leaf(_FIELDS, st.sampled_from(["starts_with", "ends_with"]), TEXTS),
    _leaf(_FIELDS, st.just("contains"), SCALARS),
    _leaf(_FIELDS, st.just("regex"), REGEXES),
    _leaf(_FIELDS | TIME_FIELDS, st.sampled_from(["exists", "is_null", "is_label"]), st.booleans()),
    _leaf(st.just("title"), st.sampled_from(["text", "phrase", "words"]), WORDS),
    _leaf(TIME_FIELDS, st.sampled_from(["eq", "ne", "gt", "lt", "gte", "lte"]), MOMENTS.map(datetime.isoformat)),
    _leaf(
        TIME_FIELDS, st.sampled_from(["in", "nin"]), st.lists(st.none() | MOMENTS.map(datetime.isoformat), max_size=2)
    ),
)


def _groups(children: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    group = st.lists(children, max_size=3)
    keys = ["AND", "OR", "NOT", "must", "should", "must_not"]
    return st.dictionaries(st.sampled_from(keys), group | children, max_size=3)


FILTERS: st.SearchStrategy[Any] = st.recursive(LEAVES, _groups, max_leaves=6)

STRINGS = ["a", "A", "ab", "aB%", "b_", "a.b", "é", "É0", "1"]
_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    1.5,
    -1,
    10**20,
    1e300,
    "",
    " \u200b",
    "a",
    "A",
    "ab",
    "aB%",
    "b_",
    "a.b",
    "é",
    "É0",
    "1",
]
_WORDINGS = [None, "", "red", "Red shoe", "BLUE red été", "shoe shoe red", "été"]


def _value(random: Random) -> Any:
    """Mostly a scalar; sometimes a list, a list in a list or an object."""
    kind = random.randrange(8)
    if kind == 0:
        return {"x": random.choice(_VALUES)}
    if kind == 1:
        return [random.choice(_VALUES), [random.choice(_VALUES)]]
    if kind == 2:
        return random.choices(_VALUES, k=random.randrange(4))
    return random.choice(_VALUES)


def _sometimes(random: Random, parts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if random.random() < 0.7}


def _people(random: Random) -> Any:
    people = [
        _sometimes(random, {"name": _value(random), "tags": [_value(random)]}) for _ in range(random.randrange(3))
    ]
    return random.choice([people, [*people, random.choice(_VALUES)], {"name": _value(random)}])


def _document(random: Random) -> dict[str, Any]:
    metadata = _sometimes(random, {"x": _value(random), "only": _value(random)})
    fields = {"x": _value(random), "tags": random.choices(_VALUES, k=random.randrange(4)), "metadata": metadata}
    more = {"nested": {"x": _value(random)}, "title": random.choice(_WORDINGS), "labels": _value(random)}
    more |= {"info": {"kind": _value(random), "more.kind": _value(random)}, "people": _people(random)}
    more |= {"info.kind": _value(random), "info.more": {"kind": _value(random)}}
    moments = [FIRST + timedelta(days=days) for days in range(-3, 4)]
    texts = [value for value in _VALUES if isinstance(value, str)]
    return {
        "document_id": random.choice(texts),
        "collection_id": random.choice(texts),
        "object_id": random.choice(texts),
        "bucket_id": random.choice([None, *texts]),
        "fields": _sometimes(random, fields | more),
        "taxonomy_match": random.choice([None, {"x": _value(random)}]),
        "labels": _sometimes(
            random, {name: {"source": random.choice(["a", "ab", None])} for name in ("x", "info.kind")}
        ),
        "internal": _sometimes(random, {"x": _value(random), "labels": {"x": {"source": "b_"}}}),
        "created_at": random.choice(moments),
        "updated_at": random.choice([None, *moments]),
    }


def documents(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows of the documents table, the same for the same seed."""
    random = Random(seed)
    return [_document(random) for _ in range(count)]
