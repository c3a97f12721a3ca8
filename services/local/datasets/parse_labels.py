"""Reading labels, ids and fields as sets write them. Pure."""

import math
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from services.common.labels.label_paths import split_path
from services.common.labels.label_values import label_value
from services.local.datasets.row import Label, SetBy


def label_of(value: Any, separator: str, *, set_by: SetBy = "import", field: str | None = None) -> Label | None:
    """The label that a value says; None for one that says nothing. Numbers are labels as they are written."""
    text = as_text(value)
    if text is None or label_value(text) is None:
        return None
    path = split_path(text, separator)
    return Label(path=path, set_by=set_by, field=field) if path else None


def labels_of(value: Any, separator: str, *, set_by: SetBy = "import", field: str | None = None) -> tuple[Label, ...]:
    """The labels that a value or a list of values says."""
    values = value if isinstance(value, list | tuple) else [value]
    found = (label_of(each, separator, set_by=set_by, field=field) for each in values)
    return tuple(label for label in found if label is not None)


def as_text(value: Any) -> str | None:
    """A value as the text of a label or an id; None for what is neither text nor number."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    return None


def as_json(value: Any) -> Any:
    """A value as JSON can tell it: moments as ISO 8601, bytes not at all."""
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) else None


def normal(reference: str) -> str:
    """One spelling for all those of a path (`./a//b.jpg` is `a/b.jpg`); an address stays as it is."""
    return reference if "://" in reference else os.path.normpath(reference).replace(os.sep, "/")


def first_of(names: Iterable[str], columns: Iterable[str]) -> str | None:
    """The first of the names that is a column, whatever its case."""
    by_name = {column.lower(): column for column in columns}
    return next((by_name[name] for name in names if name in by_name), None)
