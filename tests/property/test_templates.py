"""Any text is a template that gives JSON in time, or InvalidArgumentError with its path: never another error."""

import time
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.common.templates.limits import SECONDS
from services.taxonomy.templates import Templates

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
PIECES = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ".",
            ",",
            "|",
            "~",
            "+",
            "*",
            "**",
            "%",
        ),
        *("INPUT", "inputs", "DOC", "INPUT.x", "INPUT.list", "INPUT['x']", "loop.index", "namespace", "self", "range"),
        *(
            "for i in INPUT.list",
            "endfor",
            "if INPUT.x",
            "else",
            "endif",
            "set a = 'x'",
            "with",
            "endwith",
            "do",
            "raw",
        ),
        *("join(',')", "tojson", "map('bool')", "length", "slugify", "first", "last", "attr('x')", "format", "list"),
        *("time_ago(minutes=1)", "max(1, 2)", "ceil(1.5)", "round(1, 2)", "utc_now()", "'a'", '"', "1e308", "9", "\n"),
        *("__class__", "__mro__", "__globals__", "mro()", "\\u0000", "is defined", "in", "and", "not", "==", "<"),
    ]
)
TEMPLATES = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=12).map(" ".join),
    st.lists(PIECES, max_size=8).map(lambda parts: "{{" + " ".join(parts) + "}}"),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEMPLATES, inputs=st.dictionaries(st.sampled_from(["x", "list", "y"]), JSON, max_size=3))
def test_a_template_gives_json_or_is_refused_with_its_path(text: str, inputs: dict[str, Any]) -> None:
    templates = Templates(inputs)
    try:
        templates.check(text, "stages.0")
        orjson.dumps(templates.render(text, "stages.0"))
        assert isinstance(templates.text(text, "stages.0", {"x": inputs}), str)
    except InvalidArgumentError as error:
        assert error.details["path"] == "stages.0"


BIG = "x" * 2_000_000
LONG = list(range(500_000))


@pytest.mark.parametrize(
    "text",
    [
        "{{ INPUT.big | join(INPUT.big) }}",
        "{{ INPUT.long | join(INPUT.big) }}",
        "{{ [" + ", ".join(["INPUT.big"] * 500) + "] | tojson }}",
        "{{ [" + ", ".join(["INPUT.big"] * 500) + "] }}!",
        "{{ " + " ~ ".join(["INPUT.big"] * 500) + " }}",
        "{{ (" + " + ".join(["INPUT.big"] * 500) + ") | length }}",
        "{% for i in INPUT.long %}{{ INPUT.long | tojson | length }}{% endfor %}",
        "{% for i in INPUT.long %}{{ INPUT.big in INPUT.big }}{% endfor %}",
        "{% for i in INPUT.big %}{{ i }}{% endfor %}",
        "{% set a = INPUT.big %}{% set a = a ~ a %}{{ a }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ INPUT.big * 1000000 }}",
        "{{ 'x' * 10**9 }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "not " * 2400 + "1 }}",
        "x" * 20_000,
        "{{ INPUT.long | map('tojson') | join(INPUT.big) }}",
    ],
)
def test_what_would_take_long_or_fill_the_memory_is_refused_soon(text: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidArgumentError):
        Templates({"big": BIG, "long": LONG}).render(text, "stages.0")
    assert time.process_time() - started < 20 * SECONDS


def test_all_renderings_of_a_request_share_their_time() -> None:
    templates = Templates({"long": LONG})
    slow = "{% for i in INPUT.long %}{{ INPUT.long | tojson | length }}{% endfor %}"
    started = time.process_time()
    for number in range(100):
        with pytest.raises(InvalidArgumentError):
            templates.text(slow, f"stages.{number}", {})
    assert time.process_time() - started < 60 * SECONDS


def test_a_picture_passes_through_whole() -> None:
    assert Templates({"image": BIG}).render("{{INPUT.image}}", "p") == BIG
    assert (
        Templates({"image": BIG}).render("data:image/png;base64,{{INPUT.image}}", "p") == "data:image/png;base64," + BIG
    )
