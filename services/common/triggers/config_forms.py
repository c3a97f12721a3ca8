"""Reading what a request says in an open object, by a form that its sibling names."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from services.common.errors import InvalidArgumentError
from services.common.validation.unknown_keys import REQUEST, UnusedKey, in_request, known_only, reason_of


class Config(BaseModel):
    """What belongs to a trigger; unknown keys are refused when it is made, and forgiven in what is stored."""

    model_config = ConfigDict(extra="ignore")
    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any, info: ValidationInfo) -> Any:
        return known_only(cls, given, cls.unused_keys) if in_request(info) else given


C = TypeVar("C", bound=BaseModel)


def read_form(form: type[C], raw: Mapping[str, Any], path: str, *, stored: bool = False) -> C:
    """The checked form with every default in place; InvalidArgumentError names `<path>.<name>`.

    Keys that are unknown are forgiven in what is `stored` already.
    """
    try:
        return form.model_validate(raw, context=None if stored else REQUEST)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join([path, *(str(part) for part in fault["loc"])])
        said = fault["msg"].removeprefix("Value error, ").removesuffix(".")
        raise InvalidArgumentError(f"{where}: {said}.", reason=reason_of(fault["type"]), path=where) from error
