"""Whatever is sent as a taxonomy is read, or refused with the path of the fault."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.common.errors import InvalidArgumentError
from services.gateway.collections.applications.shapes import RetrieverEnrichmentForm, TaxonomyApplicationForm
from services.gateway.taxonomies.nodes.shapes import TaxonomyFromDocuments
from services.gateway.taxonomies.plans import merged_config
from services.gateway.taxonomies.runs.shapes import ApplyTaxonomy, TaxonomyExecute
from services.gateway.taxonomies.shapes import TaxonomyCreate, TaxonomyPatch
from services.gateway.taxonomies.spellings import CONFIG_KEYS

FORMS = (
    TaxonomyCreate,
    TaxonomyPatch,
    TaxonomyFromDocuments,
    TaxonomyExecute,
    ApplyTaxonomy,
    TaxonomyApplicationForm,
    RetrieverEnrichmentForm,
)
KEYS = st.sampled_from(
    [
        *CONFIG_KEYS,
        *("config", "taxonomy_name", "name", "metadata", "documents", "scroll_filters", "priority", "collection_id"),
        *("field_path", "target_field", "merge_mode", "input_key", "source_type", "path", "override", "node_id"),
        *("parent_node_id", "label", "write_back_fields", "source", "AND", "field", "operator", "value"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["flat", "hierarchical", "\x00", "\ud800", "append", "payload", "col_a", " > ", "a/b"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.dictionaries(KEYS, JSON, max_size=6))
def test_a_form_reads_or_refuses_and_nothing_else(form: Any, body: dict[str, Any]) -> None:
    try:
        read = form.model_validate(body)
    except ValidationError as error:
        assert all(fault["loc"] or fault["msg"] for fault in error.errors())
    except InvalidArgumentError as error:
        assert error.details["path"]
    else:
        assert isinstance(read, form)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(KEYS, JSON, max_size=6))
def test_a_change_of_a_config_reads_or_names_the_fault(changes: dict[str, Any]) -> None:
    current = {"taxonomy_type": "flat", "retriever_id": "ret_a", "input_mappings": [], "top_k": 1}
    try:
        merged_config(current, changes)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("body.config")
