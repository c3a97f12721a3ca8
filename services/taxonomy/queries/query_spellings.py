"""What a search asks by: the spellings of `query` that the contract knows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.taxonomy.domain import Json
from services.taxonomy.stage_parameters import invalid
from services.taxonomy.templates import Templates, asks_for_input, is_template

SOURCES = ("http://", "https://", "s3://", "file://", "data:")
MOST_CONTENTS = 20
LONGEST_WORDS = 500
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")


class Mode(StrEnum):
    """How a query becomes a vector; ANY is decided by what its template gives."""

    CONTENT = "content"
    TEXT = "text"
    VECTOR = "vector"
    DOCUMENT = "document"
    MULTI_CONTENT = "multi_content"
    ANY = "any"


_SPELLINGS = {"content": Mode.CONTENT, "image": Mode.CONTENT, "url": Mode.CONTENT, "base64": Mode.CONTENT}
_SPELLINGS |= {mode.value: mode for mode in (Mode.TEXT, Mode.VECTOR, Mode.DOCUMENT, Mode.MULTI_CONTENT)}
_KEYS: Mapping[str, Mode] = {**_SPELLINGS, "document_ref": Mode.DOCUMENT, "document_id": Mode.DOCUMENT} | {
    "values": Mode.MULTI_CONTENT
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Content (a text, {"url"} or {"base64"}), words, numbers, a document id, or a tuple of contents.

    Any text may be a template.
    """

    mode: Mode
    value: Json
    path: str

    @property
    def asks_for_input(self) -> bool:
        """Whether the value comes from the inputs of the request."""
        return any(asks_for_input(value) for value in _texts(self.value))

    def render(self, templates: Templates) -> Json:
        """The value with its templates rendered; None when it is empty."""
        return self._render(self.value, templates) or None

    def _render(self, value: Json, templates: Templates) -> Json:
        if isinstance(value, Mapping):
            rendered = {key: self._render(part, templates) for key, part in value.items()}
            return rendered if any(rendered.values()) else None
        if isinstance(value, tuple):
            return [part for part in (self._render(item, templates) for item in value) if part]
        return templates.render(value, self.path) if is_template(value) else value

    def mode_of(self, value: Json) -> Mode:
        """How the rendered value becomes a vector."""
        if self.mode is not Mode.ANY:
            return self.mode
        if isinstance(value, list):
            return Mode.VECTOR
        return Mode.CONTENT if isinstance(value, Mapping) or is_content(str(value)) else Mode.TEXT


def is_source(text: str) -> bool:
    """Whether the text is a URL or a data URI."""
    return text.lstrip().lower().startswith(SOURCES)


def is_content(text: str) -> bool:
    """Whether the text is a source, or too long for words and nothing but base64."""
    return is_source(text) or (len(text) > LONGEST_WORDS and _BASE64.fullmatch(text) is not None)


def parse_query(raw: Any, path: str) -> Query:
    """The query; a bare text is a source, a template, or words."""
    query = _from_mapping(raw, path) if isinstance(raw, Mapping) else _from_value(raw, path)
    for value in _texts(query.value):
        if is_template(value):
            Templates().check(value, query.path)
    return query


def _from_mapping(raw: Mapping[str, Any], path: str) -> Query:
    named = raw.get("input_mode")
    if named is None:
        return _from_keys(raw, path)
    mode = _SPELLINGS.get(named) if isinstance(named, str) else None
    if mode is None:
        raise invalid(f"must be one of {', '.join(_SPELLINGS)}, not {named!r:.40}.", f"{path}.input_mode")
    for key in ("value", *(key for key, meant in _KEYS.items() if meant is mode)):
        if raw.get(key) is not None:
            return _checked(mode, key, raw[key], f"{path}.{key}")
    raise invalid("is missing.", f"{path}.value")


def _from_keys(raw: Mapping[str, Any], path: str) -> Query:
    for key, mode in _KEYS.items():
        if raw.get(key) is not None:
            return _checked(mode, key, raw[key], f"{path}.{key}")
    if raw.get("value") is not None:
        return _from_value(raw["value"], f"{path}.value")
    raise invalid("needs 'input_mode' and 'value'.", path)


def _from_value(raw: Any, path: str) -> Query:
    if isinstance(raw, list):
        return _checked(Mode.VECTOR, "value", raw, path)
    if not isinstance(raw, str) or not raw:
        raise invalid("is missing.", path)
    if is_template(raw) and not is_source(raw):
        return _checked(Mode.ANY, "value", raw, path)
    return _checked(Mode.CONTENT if is_content(raw) else Mode.TEXT, "value", raw, path)


def _checked(mode: Mode, key: str, value: Any, path: str) -> Query:
    if mode is Mode.DOCUMENT and isinstance(value, Mapping):
        value, path = value.get("document_id"), f"{path}.document_id"
    if mode is Mode.CONTENT and key == "base64":
        value = {"base64": value}
    if mode is Mode.MULTI_CONTENT:
        return Query(mode=mode, value=_contents(value, path), path=path)
    if not isinstance(value, _ALLOWED[mode]) or not value:
        raise invalid(_NEEDED[mode], path)
    if isinstance(value, Mapping):
        value = {name: value[name] for name in ("url", "base64") if isinstance(value.get(name), str)}
        if not value:
            raise invalid(_NEEDED[mode], path)
    return Query(mode=mode, value=value, path=path)


def _contents(value: Any, path: str) -> tuple[Json, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_CONTENTS:
        raise invalid(f"must be a list of 1 to {MOST_CONTENTS} contents.", path)
    return tuple(_content(item, f"{path}.{position}") for position, item in enumerate(value))


def _content(item: Any, path: str) -> Json:
    return (_from_value(item, path) if isinstance(item, str) else _checked(Mode.CONTENT, "value", item, path)).value


def _texts(value: Json) -> tuple[Json, ...]:
    """Where templates may stand in a query's value."""
    if isinstance(value, Mapping):
        return tuple(value.values())
    if isinstance(value, tuple):
        return tuple(text for part in value for text in _texts(part))
    return (value,)


_ALLOWED: Mapping[Mode, tuple[type[Any], ...]] = {
    Mode.CONTENT: (str, Mapping),
    Mode.TEXT: (str,),
    Mode.VECTOR: (list, str),
    Mode.DOCUMENT: (str,),
    Mode.ANY: (str,),
}
_NEEDED: Mapping[Mode, str] = {
    Mode.CONTENT: 'must be a URL, a data URI, base64, {"url": ...}, {"base64": ...} or a template.',
    Mode.TEXT: "must be a text or a template.",
    Mode.VECTOR: "must be a list of numbers or a template.",
    Mode.DOCUMENT: "must be the id of a document or a template.",
    Mode.ANY: "must be a text.",
}
