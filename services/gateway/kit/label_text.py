"""Labels that must say something, where a request names one."""

from typing import Any

from services.common.labels.label_values import label_value


def label_text(raw: Any) -> Any:
    """The text as a label; ValueError for one without a visible character."""
    if not isinstance(raw, str):
        return raw
    if (label := label_value(raw)) is None:
        raise ValueError("is blank; give a label with a visible character")
    return label
