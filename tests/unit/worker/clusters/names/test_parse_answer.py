"""Reading what an endpoint says."""

import pytest

from services.worker.clusters.names.parse_answer import UnreadableError, said_name


@pytest.mark.parametrize(
    "text",
    [
        '{"label": "Trail shoes"}',
        'Sure! Here it is:\n```json\n{"label": "Trail shoes"}\n```\nAnything else?',
        '<think>{"label": "no"}</think>{"label": "Trail shoes"}',
        'The answer is {"label": "Trail shoes"} of course',
        '[{"cluster_id": "cl_0", "label": "Boots"}, {"cluster_id": "cl_1", "label": "Trail shoes"}]',
        '{"cl_1": {"label": "Trail shoes"}}',
        '{"cl_1": "Trail shoes"}',
        '{"clusters": [{"cluster_id": "cl_1", "label": "Trail shoes"}]}',
        '{"label": "\\"Trail\\u202e\\n\\tshoes\\""}',
    ],
)
def test_a_label_is_found_however_it_is_wrapped(text: str) -> None:
    assert said_name(text, "cl_1", None).label == "Trail shoes"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("Trail shoes", "no JSON"),
        ("[]", "no JSON"),
        ("17", "no JSON"),
        ('{"label": ', "no JSON"),
        ("{}", "no label"),
        ('{"label": null}', "no label"),
        ('{"label": "\\u200b  "}', "no label"),
        ('{"label": {"a": 1}}', "no label"),
        ('{"label": "' + "x" * 201 + '"}', "201 characters"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_label_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        said_name(text, "cl_1", None)


def test_only_a_candidate_will_do_where_there_are_candidates() -> None:
    assert said_name('{"label": "BOOTS"}', "cl_0", {"Boots": ""}).label == "Boots"
    with pytest.raises(UnreadableError, match="none of the candidate labels"):
        said_name('{"label": "Lamps"}', "cl_0", {"Boots": ""})


def test_summary_and_keywords_are_taken_as_far_as_they_make_sense() -> None:
    found = said_name('{"label": "a", "summary": "One\\ntwo", "keywords": ["x", 3, "", "x", "y"]}', "cl_0", None)
    assert (found.summary, found.keywords) == ("One two", ("x", "y"))
    assert said_name('{"label": "a", "summary": 4, "keywords": "x, y"}', "cl_0", None).keywords == ("x", "y")
