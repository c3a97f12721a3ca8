"""What a search asks by: the spellings of `query` that the contract knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.common.errors import InvalidArgumentError
from services.taxonomy.domain import Json
from services.taxonomy.templates import Templates, asks_for_input, is_template

SOURCES = ("http://", "https://", "s3://", "file://", "data:")
TEXT_REFUSED = (
    "asks by text, which is not supported yet; ask by input_mode 'content' (an image as URL, data URI or base64), "
    "'vector' or 'document'."
)


def is_source(text: str) -> bool:
    """Whether the text is a URL or a data URI."""
    return text.lstrip().lower().startswith(SOURCES)


class Mode(StrEnum):
    """How a query becomes a vector."""

    CONTENT = "content"
    VECTOR = "vector"
    DOCUMENT = "document"


_SPELLINGS = {"content": Mode.CONTENT, "image": Mode.CONTENT, "url": Mode.CONTENT, "base64": Mode.CONTENT}
_SPELLINGS |= {"vector": Mode.VECTOR, "document": Mode.DOCUMENT}
_KEYS: Mapping[str, Mode] = {**_SPELLINGS, "document_ref": Mode.DOCUMENT, "document_id": Mode.DOCUMENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Content (a text, {"url"} or {"base64"}), a list of numbers, or a document id; any text may be a template."""

    mode: Mode
    value: Json
    path: str

    @property
    def asks_for_input(self) -> bool:
        """Whether the value comes from the inputs of the request."""
        values = self.value.values() if isinstance(self.value, Mapping) else (self.value,)
        return any(asks_for_input(value) for value in values)

    def render(self, templates: Templates) -> Json:
        """The value with its templates rendered; None when it is empty."""
        value = self.value
        if isinstance(value, Mapping):
            value = {key: self._render(part, templates) for key, part in value.items()}
            return value if any(value.values()) else None
        return self._render(value, templates) or None

    def _render(self, value: Json, templates: Templates) -> Json:
        return templates.render(value, self.path) if is_template(value) else value


def parse_query(raw: Any, path: str) -> Query:
    """The query; a bare text counts as content when it is a source or a template."""
    query = _from_mapping(raw, path) if isinstance(raw, Mapping) else _from_value(raw, path)
    values = query.value.values() if isinstance(query.value, Mapping) else (query.value,)
    for value in values:
        if is_template(value):
            Templates().check(value, query.path)
    return query


def _from_mapping(raw: Mapping[str, Any], path: str) -> Query:
    named = raw.get("input_mode")
    if named is None:
        return _from_keys(raw, path)
    if named not in _SPELLINGS:
        raise _wrong_mode(named, f"{path}.input_mode")
    mode = _SPELLINGS[named]
    for key in ("value", *(key for key, meant in _KEYS.items() if meant is mode)):
        if raw.get(key) is not None:
            return _checked(mode, key, raw[key], f"{path}.{key}")
    raise InvalidArgumentError(f"{path}.value is missing.", path=f"{path}.value")


def _from_keys(raw: Mapping[str, Any], path: str) -> Query:
    for key, mode in _KEYS.items():
        if raw.get(key) is not None:
            return _checked(mode, key, raw[key], f"{path}.{key}")
    if raw.get("value") is not None:
        return _from_value(raw["value"], f"{path}.value")
    if raw.get("text") is not None:
        raise InvalidArgumentError(f"{path}.text {TEXT_REFUSED}", path=f"{path}.text")
    raise InvalidArgumentError(f"{path} needs 'input_mode' and 'value'.", path=path)


def _from_value(raw: Any, path: str) -> Query:
    if isinstance(raw, list):
        return _checked(Mode.VECTOR, "value", raw, path)
    if isinstance(raw, str) and (is_source(raw) or is_template(raw)):
        return _checked(Mode.CONTENT, "value", raw, path)
    if isinstance(raw, str) and raw:
        raise InvalidArgumentError(f"{path} {TEXT_REFUSED}", path=path)
    raise InvalidArgumentError(f"{path} is missing.", path=path)


def _checked(mode: Mode, key: str, value: Any, path: str) -> Query:
    if mode is Mode.DOCUMENT and isinstance(value, Mapping):
        value, path = value.get("document_id"), f"{path}.document_id"
    if mode is Mode.CONTENT and key == "base64":
        value = {"base64": value}
    allowed: type[Any] | tuple[type[Any], ...] = str
    if mode is Mode.VECTOR:
        allowed = (list, str)
    if mode is Mode.CONTENT:
        allowed = (str, Mapping)
    if not isinstance(value, allowed) or not value:
        raise InvalidArgumentError(f"{path} {_NEEDED[mode]}", path=path)
    return Query(mode=mode, value=value, path=path)


_NEEDED: Mapping[Mode, str] = {
    Mode.CONTENT: 'must be a URL, a data URI, base64, {"url": ...}, {"base64": ...} or a template.',
    Mode.VECTOR: "must be a list of numbers or a template.",
    Mode.DOCUMENT: "must be the id of a document or a template.",
}


def _wrong_mode(named: Any, path: str) -> InvalidArgumentError:
    if named == "text":
        return InvalidArgumentError(f"{path} {TEXT_REFUSED}", path=path)
    return InvalidArgumentError(f"{path} must be 'content', 'vector' or 'document', not {named!r:.40}.", path=path)
