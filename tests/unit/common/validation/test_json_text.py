"""Numbers of a JSON text: kept as they came, or refused where they stand."""

import json

import orjson
import pytest

from services.common.errors import InvalidArgumentError
from services.common.validation.json_text import read_json


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 1e300, 1e20, 0.1, 12345678901234567890])
def test_what_can_be_kept_is_kept(number: float) -> None:
    assert read_json(json.dumps({"a": [number]}), "body") == {"a": [number]}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'{{"a": {{"b": [1, {2**64}]}}}}', "body.a.b.1"),
        (f'{{"a": {-(2**63) - 1}}}', "body.a"),
        ('{"a": ' + "9" * 5000 + "}", "body.a"),
        ('{"a": [1e400]}', "body.a.0"),
        ('{"a": NaN}', "body.a"),
        ('{"a": {"b": -Infinity}}', "body.a.b"),
    ],
)
def test_what_cannot_be_kept_is_refused_where_it_stands(text: str, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_json(text, "body")
    assert caught.value.details["path"] == path
    assert caught.value.message.startswith(path)


def test_digits_in_a_text_are_a_text() -> None:
    digits = "1" * 40
    assert read_json(json.dumps({"a": digits, "b": 1e25}), "body") == {"a": digits, "b": 1e25}


def test_what_is_no_json_is_still_no_json() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        read_json('{"a": 1' + "0" * 30, "body")
