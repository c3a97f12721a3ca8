"""Keys that a form does not know are refused, and said so: what nobody reads must not look as if it had been heard.

A key of the contract that is not served may say nothing (null, or the contract's default), since the client writes
its defaults out; saying anything else is refused with what to do instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import AliasChoices, BaseModel, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.common.errors import InvalidArgumentError
from services.common.validation.misspellings import nearest

MOST_FAULTS = 10
# What a form that also reads what is stored is told when it reads a request.
REQUEST: Mapping[str, bool] = {"is_request": True}
NOTHING: tuple[Any, ...] = (None, "", [], {})
UNKNOWN, UNSERVED = "extra_forbidden", "not_served"


@dataclass(frozen=True, slots=True)
class UnusedKey:
    """A key of the contract that has no effect here: any value is taken where `instead` is None.

    Otherwise only `off`, the contract's default, which asks for nothing; `instead` says what to do.
    """

    instead: str | None = None
    off: Any = None

    def allows(self, value: Any) -> bool:
        """Whether the value asks for nothing."""
        if self.instead is None or any(value is each or value == each for each in NOTHING):
            return True
        disabled = isinstance(value, Mapping) and value.get("enabled") is False
        return disabled or (type(value) is type(self.off) and value == self.off)


IDLE = UnusedKey()


@cache
def accepted_keys(form: type[BaseModel]) -> tuple[str, ...]:
    """Every key that a form reads, under each of its spellings, in the order of its fields."""
    return tuple(dict.fromkeys(name for field in form.model_fields for name in _names(form, field)))


def _names(form: type[BaseModel], field: str) -> Iterator[str]:
    yield field
    alias = form.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        yield from (each for each in alias.choices if isinstance(each, str))
    elif isinstance(alias, str):
        yield alias


def known_only(form: type[BaseModel], given: Any, unused_keys: Mapping[str, UnusedKey]) -> Any:
    """The request without keys that are left out; ValidationError for those that cannot be taken."""
    if not isinstance(given, Mapping):
        return given
    beyond = [name for name in given if name not in accepted_keys(form)]
    if not beyond:
        return given
    faults = [fault for name in beyond if (fault := _fault(form, name, given[name], unused_keys))]
    if faults:
        # What is missing is often what the unknown key was meant to be.
        raise ValidationError.from_exception_data(form.__name__, [*_missing(form, given), *faults[:MOST_FAULTS]])
    return {name: value for name, value in given.items() if name not in unused_keys}


def _missing(form: type[BaseModel], given: Mapping[Any, Any]) -> Iterator[InitErrorDetails]:
    for field, info in form.model_fields.items():
        if info.is_required() and not any(name in given for name in _names(form, field)):
            yield InitErrorDetails(type="missing", loc=(field,), input=given)


def _fault(
    form: type[BaseModel], name: Any, value: Any, unused_keys: Mapping[str, UnusedKey]
) -> InitErrorDetails | None:
    unserved = unused_keys.get(name)
    if unserved is not None and unserved.allows(value):
        return None
    if unserved is not None:
        error = PydanticCustomError(UNSERVED, "is not served here; {instead}", {"instead": unserved.instead})
    else:
        error = unknown_key(str(name), accepted_keys(form))
    return InitErrorDetails(type=error, loc=(str(name),), input=value)


def in_request(info: ValidationInfo) -> bool:
    """Whether a request is read, and not what was stored when other keys may have been known."""
    return isinstance(info.context, Mapping) and bool(info.context.get("is_request"))


def reason_of(kind: str) -> str | None:
    """The reason of an error that stands for a fault of this type, where it has one of its own."""
    return kind.upper() if kind in (UNKNOWN, UNSERVED) else None


def require_known(given: Mapping[str, Any], accepted: Iterable[str], path: str) -> None:
    """InvalidArgumentError for the first key of an object at `path` that is not among those accepted."""
    keys = sorted(accepted)
    for name in given:
        if name not in keys:
            where = f"{path}.{name}"
            raise InvalidArgumentError(
                f"{where}: {unknown_key_message(str(name), keys)}", reason=UNKNOWN.upper(), path=where
            )


def unknown_key(name: str, accepted: Iterable[str]) -> PydanticCustomError:
    """The error for a key that nobody reads, with the one that may be meant."""
    keys = sorted(accepted)
    return PydanticCustomError(
        UNKNOWN,
        "{said}",
        {"said": unknown_key_message(name, keys), "accepted": keys, "suggestion": nearest(name, keys)},
    )


def unknown_key_message(name: str, accepted: Iterable[str]) -> str:
    """The sentence about a key that nobody reads."""
    keys = list(accepted)
    near = nearest(name, keys)
    meant = f" Did you mean '{near}'?" if near else ""
    taken = f" Accepted keys: {', '.join(keys)}." if keys else " No keys are accepted here."
    return f"'{name[:100]}' is not a key that is read here.{meant}{taken}"
