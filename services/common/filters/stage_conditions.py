"""Where the filter stands in the parameters of an attribute_filter. Pure."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidArgumentError

CONDITION_KEYS = ("conditions", "filters")
GROUPS = frozenset({"AND", "OR", "NOT", "must", "should", "must_not"})
FILTER_KEYS = GROUPS | {"field", "operator", "value", "case_sensitive", "case_insensitive"}


def conditions_of(parameters: Mapping[str, Any], path: str) -> tuple[Any, str]:
    """The filter in its dialect, and its path: of its own, or {field, operator, value} among the parameters."""
    for key in CONDITION_KEYS:
        if parameters.get(key) is not None:
            return parameters[key], f"{path}.{key}"
    if "field" in parameters and "operator" not in parameters and "value" not in parameters:
        raise InvalidArgumentError(f"{path} needs 'conditions', or 'operator' and 'value'.", path=path)
    if "field" not in parameters and not GROUPS.intersection(parameters):
        raise InvalidArgumentError(f"{path} needs 'conditions', or 'field', 'operator' and 'value'.", path=path)
    return {key: value for key, value in parameters.items() if key in FILTER_KEYS}, path
