"""Templates in a retriever's parameters, rendered with the inputs of one request, or with a document as well."""

import re
from collections.abc import Mapping
from typing import Any

from services.common.templates.limits import LONGEST_OF_DOCUMENT
from services.common.templates.renderer import Renderer
from services.taxonomy.domain import Json

NAMES = ("INPUT", "input", "inputs")
DOCUMENT_NAMES = ("DOC", "doc")
CONTEXT_NAMES = ("CONTEXT", "context")
EMPTY_NAMES = ("STAGE", "stage", "SECRET", "secret", "secrets")
KNOWN_NAMES = (*NAMES, *DOCUMENT_NAMES, *CONTEXT_NAMES, *EMPTY_NAMES)
HINT = "inputs are written INPUT.name"
_SINGLE_BRACE = re.compile(rf"(?<!\{{)\{{\s*((?:{'|'.join(KNOWN_NAMES)})(?:\.[\w.]+|\[[^\]{{}}]+\])+)\s*\}}(?!\}})")
_INPUT = re.compile(rf"\b(?:{'|'.join(NAMES)})\s*[.\[]")


def is_template(value: object) -> bool:
    """Whether the value is a text that holds a template."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or _SINGLE_BRACE.search(value) is not None)


def asks_for_input(value: object) -> bool:
    """Whether the value is a template that uses an input of the retriever."""
    return is_template(value) and _INPUT.search(str(value)) is not None


class Templates:
    """Renders the templates of one request, whose inputs it holds."""

    def __init__(self, inputs: Mapping[str, Json] | None = None, context: Mapping[str, Json] | None = None) -> None:
        self._renderer = Renderer(KNOWN_NAMES, HINT)
        self._data: dict[str, Any] = {name: {} for name in KNOWN_NAMES} | dict.fromkeys(NAMES, inputs or {})
        self._data |= dict.fromkeys(CONTEXT_NAMES, context or {})

    def check(self, text: str, path: str) -> None:
        """Raises InvalidArgumentError when the template at `path` could never be rendered."""
        self._renderer.check(_doubled(text), path)

    def render(self, text: str, path: str) -> Json:
        """The value of the template: of any JSON type when it is exactly one expression, else a text."""
        value: Json = self._renderer.value(_doubled(text), path, self._data)
        return value

    def text(self, text: str, path: str, document: Mapping[str, Json]) -> str:
        """The text of the template for a document."""
        data = self._data | dict.fromkeys(DOCUMENT_NAMES, document)
        return self._renderer.text(text, path, data, LONGEST_OF_DOCUMENT)


def _doubled(text: str) -> str:
    return _SINGLE_BRACE.sub(r"{{\1}}", text)
