"""Reading what a request says in an open object, by a form that its sibling names."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from services.common.errors import InvalidArgumentError


class Config(BaseModel):
    """What belongs to a trigger; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")


C = TypeVar("C", bound=BaseModel)


def read_form(form: type[C], raw: Mapping[str, Any], path: str) -> C:
    """The checked form with every default in place; InvalidArgumentError names `<path>.<name>`."""
    try:
        return form.model_validate(raw)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join([path, *(str(part) for part in fault["loc"])])
        said = fault["msg"].removeprefix("Value error, ").removesuffix(".")
        raise InvalidArgumentError(f"{where}: {said}.", path=where) from error
