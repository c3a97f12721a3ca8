"""Whatever a client sends for a bucket, a collection, a namespace or a key, it is read or refused with its place."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import PARAMETERS, read_parameters
from services.gateway.buckets.shapes import BucketCreate
from services.gateway.collections.extractors.shapes import PATH, read_extractor
from services.gateway.collections.shapes import CollectionCreate, CollectionPatch
from services.gateway.kit.access.permissions import ADMIN, DELETE, READ, WRITE, Scope, needed, reach
from services.gateway.namespaces.shapes import NamespaceCreate, NamespacePatch
from services.gateway.organization.keys.shapes import KeyCreate, KeyPatch, key_columns

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.sampled_from(["\x00", "\ud800", "v1"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EXTRACTORS = st.sampled_from([*PARAMETERS, "mind_reader"])
FORMS: list[type[BaseModel]] = [
    BucketCreate,
    CollectionCreate,
    CollectionPatch,
    NamespaceCreate,
    NamespacePatch,
    KeyCreate,
    KeyPatch,
]


def _bodies(form: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies with the names that the form knows, and any values."""
    return st.dictionaries(st.sampled_from(sorted(form.model_fields)), JSON, max_size=5)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_reads_or_refuses_any_body(form: type[BaseModel]) -> None:
    @settings(max_examples=150, deadline=None)
    @given(_bodies(form))
    def tried(body: dict[str, Any]) -> None:
        try:
            read = form.model_validate(body)
        except (ValidationError, InvalidArgumentError):
            return
        if isinstance(read, KeyCreate | KeyPatch):
            assert set(key_columns(read)) <= set(form.model_fields)

    tried()


@settings(max_examples=300, deadline=None)
@given(
    EXTRACTORS,
    st.fixed_dictionaries(
        {},
        optional={
            "version": JSON,
            "parameters": JSON,
            "params": JSON,
            "input_mappings": JSON,
            "field_passthrough": JSON,
        },
    ),
)
def test_an_extractor_is_read_or_refused_with_its_place(name: str, given_: dict[str, Any]) -> None:
    try:
        read = read_extractor({"feature_extractor_name": name, **given_}, None, None)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith(PATH)
        return
    assert read["parameters"]["extractor_type"] == name or name not in PARAMETERS
    assert all(isinstance(value, str) for value in read["input_mappings"].values())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PARAMETERS)), st.data())
def test_parameters_that_are_read_are_read_alike_again(name: str, data: st.DataObject) -> None:
    kind = PARAMETERS[name]
    raw = data.draw(st.dictionaries(st.sampled_from(sorted(kind.model_fields)), SCALARS, max_size=4))
    try:
        read = read_parameters(kind, raw)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("body.feature_extractor.parameters")
        return
    assert read_parameters(kind, read.model_dump(exclude_unset=True)) == read


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=4), st.text(max_size=4))
def test_a_scope_reaches_what_it_names_and_never_grants_more(namespaces: list[tuple[str, str]], pattern: str) -> None:
    found = reach([Scope(pattern=pattern, permissions=frozenset({READ}))], namespaces)
    assert set(found) <= {namespace_id for namespace_id, _ in namespaces}
    assert set().union(*found.values()) <= {READ}


@given(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), st.text(alphabet="/{}abelistxucrv", max_size=30))
def test_every_request_needs_one_permission(method: str, path: str) -> None:
    permission = needed(method, path)
    assert permission in (READ, WRITE, DELETE, ADMIN)
    assert method == "GET" or method == "POST" or permission != READ
