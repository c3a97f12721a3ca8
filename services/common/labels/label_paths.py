"""Labels that are paths in a hierarchy, such as "Shoes > Running > Red"."""

import hashlib
from typing import Any

from services.common.labels.label_values import label_value

Path = tuple[str, ...]
DEFAULT_SEPARATOR = "/"


def split_path(value: Any, separator: str) -> Path:
    """The segments of a delimited text or a list, root first; empty for anything else."""
    if isinstance(value, str):
        parts: list[Any] = value.split(separator)
    elif isinstance(value, list):
        parts = value
    else:
        return ()
    return tuple(text for part in parts if isinstance(part, str) and (text := label_value(part)))


def shorten(value: Any, separator: str, length: int) -> Any:
    """The path of at most `length` segments, written as `value` is."""
    if isinstance(value, list):
        return list(split_path(value, separator)[:length])
    parts = [part for part in str(value).split(separator) if label_value(part)]
    return label_value(separator.join(parts[:length]))


def node_id(path: Path) -> str:
    """The id of the node at the end of a path; the same for the same segments."""
    return "node_" + hashlib.sha256("\0".join(path).encode()).hexdigest()[:16]
