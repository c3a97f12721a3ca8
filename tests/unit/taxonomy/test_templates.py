"""Templates keep types, treat the unset as empty, and never run anything of Python's."""

import pytest

from services.common.errors import InvalidArgumentError
from services.taxonomy.domain import Json
from services.taxonomy.templates import Templates, asks_for_input, is_template

INPUTS = {
    "list": [1, 2],
    "number": 3,
    "word": "Ünï Code!",
    "items": "shadowed by a method of dict",
    "deep": {"key": [{"leaf": "x"}]},
    "no": "false",
}


def render(text: str) -> Json:
    return Templates(INPUTS).render(text, "stages.0.value")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{INPUT.list}}", [1, 2]),
        ("{{ inputs.number }}", 3),
        ("{{input['number'] > 2}}", True),
        ("{{- INPUT.number -}}", 3),
        ("{{INPUT.deep}}", {"key": [{"leaf": "x"}]}),
        ("{{INPUT.list|map('bool')}}", [True, True]),
        ("{{max(1, INPUT.number)}}", 3),
        ("{{ceil(INPUT.number / 2)}}", 2),
        ("{{round(2.345, 1)}}", 2.3),
    ],
)
def test_exactly_one_expression_keeps_its_type(text: str, value: Json) -> None:
    assert render(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a {{INPUT.number}} b", "a 3 b"),
        ("{{INPUT.number}}{{INPUT.number}}", "33"),
        ("{% for n in INPUT.list %}{{loop.index}}:{{n}} {% endfor %}", "1:1 2:2 "),
        ("{% if INPUT.no|bool %}yes{% else %}no{% endif %}", "no"),
        ("{{INPUT.list|join('-')}}!", "1-2!"),
        ("{{INPUT.word|slugify}}", "uni-code"),
        ("{{INPUT.list|tojson}}", "[1, 2]"),
        ("{{INPUT.nothing|tojson}}", "null"),
        ("no template", "no template"),
    ],
)
def test_anything_else_becomes_a_text(text: str, value: str) -> None:
    assert render(text) == value


@pytest.mark.parametrize("text", ["{{INPUT.nothing}}", "{{INPUT.nothing.at.all}}", "{{DOC.x}}", "{{SECRET['x']}}"])
def test_the_unset_is_empty(text: str) -> None:
    assert render(text) == ""


def test_a_dot_reaches_keys_before_anything_of_python() -> None:
    assert render("{{INPUT.items}}") == "shadowed by a method of dict"
    assert render("{{INPUT.deep.key.0.leaf}}") == "x"


@pytest.mark.parametrize("text", ["{INPUT.number}", "{ inputs.number }", "{INPUT['number']}"])
def test_single_braces_are_understood(text: str) -> None:
    assert is_template(text)
    assert render(text) == 3


@pytest.mark.parametrize("text", ["{number}", '{"INPUT": 1}', "INPUT.number"])
def test_other_braces_are_left_alone(text: str) -> None:
    assert not is_template(text)


def test_templates_that_need_an_input_are_told_from_others() -> None:
    assert asks_for_input("{{INPUT.query_image}}")
    assert asks_for_input("{inputs.query_image}")
    assert not asks_for_input("{{utc_now()}}")
    assert not asks_for_input("https://example.com/INPUT.jpg")


@pytest.mark.parametrize(
    "attack",
    [
        "{{''.__class__.__mro__[1].__subclasses__()}}",
        "{{INPUT.__class__}}",
        "{{INPUT['__class__']}}",
        "{{max.__self__}}",
        "{{lipsum.__globals__['os'].popen('id').read()}}",
        "{{cycler.__init__.__globals__}}",
        "{{self}}",
        "{{self.__init__}}",
        "{{max}}",
        "{{INPUT|attr('__class__')}}",
        "{{[1]|map('attr', '__class__')|list}}",
        "{{INPUT.list.append(1)}}",
        "{{'a'.ljust(1000000000)}}",
        "{{'a' * 1000000000}}",
        "{{[0] * 1000000000}}",
        "{{'%1000000000d' % 1}}",
        "{{9 ** 9 ** 9 ** 9}}",
        "{{range(1000000000)}}",
        "{% for a in INPUT.list %}{% for b in INPUT.list %}{{b}}{% endfor %}{% endfor %}",
        "{% for a in INPUT.list recursive %}{{loop(INPUT.list)}}{% endfor %}",
        "{% macro bomb() %}{{bomb()}}{{bomb()}}{% endmacro %}{{bomb()}}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
        "{{config}}",
    ],
)
def test_an_attempt_to_escape_is_refused(attack: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        render(attack)
    assert caught.value.reason == "INVALID_TEMPLATE"
    assert caught.value.details == {"path": "stages.0.value"}


@pytest.mark.parametrize("text", ["{{", "{{INPUT.}}", "{% if %}", "{{INPUT.x|nosuchfilter}}", "{{nosuchname}}"])
def test_a_template_that_can_never_work_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^stages\.0\.value: the template cannot be used"):
        Templates().check(text, "stages.0.value")


@pytest.mark.parametrize("text", ["{{1 / 0}}", "{{INPUT.word + 1}}", "{{time_ago(minutes=1e99)}}", "{{ceil('x')}}"])
def test_a_failure_while_rendering_is_the_users(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        render(text)


def test_moments_are_iso_texts_in_utc() -> None:
    assert render("{{time_ago(minutes=5)}}") < render("{{utc_now()}}")
    assert str(render("{{utc_now()}}")).endswith("+00:00")
