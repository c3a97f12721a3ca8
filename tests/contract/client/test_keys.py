"""Every key that the client's classes send is read, or left out on purpose: none is refused as unknown."""

import typing
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from services.common.validation.unknown_keys import UnusedKey, accepted_keys
from services.gateway.app import ROUTERS
from services.gateway.kit.http.aliases import BASE
from services.gateway.kit.shapes import Form
from tests.support.gateway.mixpeek_client import bodies, classes_in, plain


def forms_in(hint: object) -> list[type[Form]]:
    if isinstance(hint, type):
        return [hint] if issubclass(hint, Form) else []
    return [each for argument in typing.get_args(hint) for each in forms_in(argument)]


def pairs() -> Iterator[tuple[str, type[Form], type[BaseModel]]]:
    """Each form with the client's class whose instances it reads, and the place."""
    seen: set[tuple[type[Form], type[BaseModel]]] = set()
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.body_field is not None:
                for method in route.methods or ():
                    sent = bodies().get((method, plain(BASE + route.path)))
                    for form in forms_in(route.body_field.field_info.annotation):
                        yield from _inside(f"{method} {route.path}", form, sent, seen)


def _inside(
    place: str, form: type[Form], sent: type[BaseModel] | None, seen: set[tuple[type[Form], type[BaseModel]]]
) -> Iterator[tuple[str, type[Form], type[BaseModel]]]:
    if sent is None or (form, sent) in seen:
        return
    seen.add((form, sent))
    yield place, form, sent
    for name, field in form.model_fields.items():
        theirs = next((each for key, each in sent.model_fields.items() if (each.alias or key) == name), None)
        inner = forms_in(field.annotation)
        for kind in classes_in(theirs.annotation) if theirs is not None else []:
            for each in _best(inner, kind):
                yield from _inside(f"{place}.{name}", each, kind, seen)


def _best(forms: list[type[Form]], sent: type[BaseModel]) -> list[type[Form]]:
    """Of forms that stand for each other, the one that this class is most like."""
    keys = {field.alias or name for name, field in sent.model_fields.items()}
    return sorted(forms, key=lambda form: -len(keys & set(accepted_keys(form))))[:1]


CASES = list(pairs())


def test_most_forms_have_a_class_in_the_client() -> None:
    assert len(CASES) > 80


@pytest.mark.parametrize(("place", "form", "sent"), CASES, ids=[f"{place} {form.__name__}" for place, form, _ in CASES])
def test_the_client_sends_nothing_unknown(place: str, form: type[Form], sent: type[BaseModel]) -> None:
    for name, field in sent.model_fields.items():
        key = field.alias or name
        if name == "additional_properties" or key in accepted_keys(form):
            continue
        assert key in form.unused_keys, f"{place}: {form.__name__} does not know {key}"
        default = None if field.is_required() else field.default
        assert form.unused_keys[key].allows(default), f"{place}: {key} refuses the client's default {default!r}"


@pytest.mark.parametrize(
    ("value", "taken"), [(None, True), ([], True), ({}, True), ("", True), (7, True), (7.0, False), (True, False)]
)
def test_what_is_left_out_takes_what_says_nothing(value: object, taken: bool) -> None:
    assert UnusedKey("use another.", off=7).allows(value) is taken
