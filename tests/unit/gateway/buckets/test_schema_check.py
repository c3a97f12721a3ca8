"""Fields against the schema of a collection."""

from typing import Any

import pytest

from services.gateway.documents.diagnostics.schema import check_fields

PROPERTIES: dict[str, Any] = {
    "name": {"type": "string", "required": True},
    "price": {"type": "number"},
    "count": {"type": "integer"},
    "sold": {"type": "datetime"},
    "colour": {"type": "string", "enum": ["red", "blue"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "size": {"type": "object", "properties": {"width": {"type": "number", "required": True}}},
    "picture": {"type": "image"},
    "active": {"type": "boolean"},
}


def wrong(**fields: Any) -> list[str]:
    checked = check_fields("col_1", {"name": "boot", **fields}, PROPERTIES)
    assert checked.valid is not bool(checked.violations)
    return [each.field for each in checked.violations]


@pytest.mark.parametrize(
    "fields",
    [
        {"price": 1, "count": 2, "active": False},
        {"price": 1.5, "sold": "2026-01-01", "tags": []},
        {"sold": "2026-01-01T10:00:00Z", "tags": ["a"], "size": {"width": 1}},
        {"colour": "red", "picture": "https://host/x.jpg", "price": None},
        {"other": [1]},
    ],
)
def test_what_is_as_the_schema_says(fields: dict[str, Any]) -> None:
    assert wrong(**fields) == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"price": "dear"}, ["price"]),
        ({"price": True}, ["price"]),
        ({"count": 1.5}, ["count"]),
        ({"active": 1}, ["active"]),
        ({"sold": "yesterday"}, ["sold"]),
        ({"sold": 5}, ["sold"]),
        ({"colour": "green"}, ["colour"]),
        ({"tags": ["a", 1]}, ["tags.1"]),
        ({"tags": "a"}, ["tags"]),
        ({"size": {}}, ["size.width"]),
        ({"size": {"width": "wide"}}, ["size.width"]),
        ({"picture": {}}, ["picture"]),
        ({"name": None}, ["name"]),
    ],
)
def test_what_is_not(fields: dict[str, Any], where: list[str]) -> None:
    assert wrong(**fields) == where


def test_metadata_are_fields_too_and_what_the_server_sets_is_refused() -> None:
    checked = check_fields("col_1", {"metadata": {"name": "boot", "extra": 1}}, PROPERTIES)
    assert (checked.valid, checked.unknown_fields) == (True, ["extra"])
    assert check_fields("col_1", {"_internal": {}}, PROPERTIES).violations[0].field == "_internal"
