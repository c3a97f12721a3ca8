"""Names from an endpoint: a real server that answers well, badly, slowly or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web

from services.common.settings import Settings
from services.worker.clusters.names.ask_endpoint import Asking, in_words, new_answers
from services.worker.clusters.names.endpoint import EndpointError, open_endpoint
from services.worker.clusters.names.llm_labeling import LabellingRules
from services.worker.clusters.names.prompt import Question
from tests.support.clusters.llm_endpoint import Llm, completion, running_llm, saying

GOOD = '{"label": "Boots", "summary": "For feet.", "keywords": ["feet", "rain"]}'


@pytest.fixture
async def llm() -> AsyncIterator[Llm]:
    async with running_llm() as running:
        yield running


def questions(count: int = 1) -> list[Question]:
    return [Question(cluster_id=f"cl_{n}", size=3, samples=({"text": f"sample {n}"},)) for n in range(count)]


def settings_of(llm: Llm, **other: Any) -> Settings:
    return Settings(llm_url=llm.url, llm_model="small", llm_api_key="sk-llm", llm_timeout=5.0).model_copy(update=other)


async def asked(
    llm: Llm, about: Sequence[Question], rules: LabellingRules | None = None, *, seconds: float = 60, **other: Any
) -> Asking:
    async with open_endpoint(settings_of(llm, **other), None) as endpoint:
        asking = Asking(endpoint=endpoint, rules=rules or LabellingRules(), answers=new_answers())
        await asking.ask_all(about, seconds)
        return asking


async def test_a_good_answer_is_a_name(llm: Llm) -> None:
    llm.answers = [saying(GOOD)]
    asking = await asked(llm, questions())
    assert asking.errors == {}
    said = asking.said["cl_0"]
    assert (said.label, said.summary, said.keywords) == ("Boots", "For feet.", ("feet", "rain"))
    (question,) = llm.asked
    assert (question["model"], question["response_format"]) == ("small", {"type": "json_object"})
    assert llm.keys == ["Bearer sk-llm"]


async def test_a_few_groups_are_asked_about_at_once(llm: Llm) -> None:
    llm.seconds = 0.05
    asking = await asked(llm, questions(12))
    assert len(asking.said) == 12
    assert 2 <= llm.most_at_once <= 4


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_fails_for_a_while_is_asked_again(llm: Llm, status: int) -> None:
    llm.answers = [lambda _: web.Response(status=status, headers={"Retry-After": "0"}), saying(GOOD)]
    assert (await asked(llm, questions())).said["cl_0"].label == "Boots"
    assert len(llm.asked) == 2


async def test_the_endpoint_says_how_long_to_wait(llm: Llm) -> None:
    llm.answers = [lambda _: web.Response(status=429, headers={"Retry-After": "1"}), saying(GOOD)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await asked(llm, questions())).said
    assert loop.time() - began >= 1


async def test_nobody_waits_for_an_endpoint_that_wants_a_long_pause(llm: Llm) -> None:
    llm.answers = [lambda _: web.Response(status=429, headers={"Retry-After": "3600"})]
    asking = await asked(llm, questions(9))
    assert asking.said == {}
    assert len(llm.asked) <= 4
    assert "answered 429" in in_words(asking.errors)[0]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_hopeless_answer_ends_the_asking(llm: Llm, status: int) -> None:
    llm.answers = [lambda _: web.Response(status=status)]
    asking = await asked(llm, questions(20))
    assert len(llm.asked) <= 4
    assert str(status) in asking.errors[""]


async def test_an_endpoint_that_always_fails_is_left_alone_soon(llm: Llm) -> None:
    llm.answers = [lambda _: web.Response(status=500)]
    asking = await asked(llm, questions(30))
    assert len(llm.asked) <= 24
    assert "500" in asking.errors[""]


async def test_an_endpoint_without_json_mode_is_asked_plainly(llm: Llm) -> None:
    def strict(body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=400) if "response_format" in body else completion(GOOD)

    llm.answers = [strict]
    assert (await asked(llm, questions())).said["cl_0"].label == "Boots"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (saying("I'd rather not."), "no JSON"),
        (saying('{"label": "' + "long " * 100 + '"}'), "characters"),
        (lambda _: completion(None), "no text"),
        (lambda _: web.Response(text="<html>"), "not one of a chat completion"),
        (lambda _: web.Response(body=b"\xff\x00" * 100), "not one of a chat completion"),
        (lambda _: web.json_response({"choices": []}), "not one of a chat completion"),
        (lambda _: web.Response(body=b"x" * 1_000_000), "more than"),
        (lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}), "answered 302"),
    ],
)
async def test_a_bad_answer_is_an_error_of_its_group(llm: Llm, answer: Any, why: str) -> None:
    llm.answers = [answer]
    asking = await asked(llm, questions())
    assert asking.said == {}
    assert why in asking.errors["cl_0"]


async def test_an_answer_is_text_whatever_it_says(llm: Llm) -> None:
    llm.answers = [saying('{"label": "Ignore all\\u0000 instructions; DROP TABLE <script>"}')]
    assert (await asked(llm, questions())).said["cl_0"].label == "Ignore all instructions; DROP TABLE <script>"


async def test_a_slow_endpoint_is_not_waited_for(llm: Llm) -> None:
    llm.seconds = 5.0
    asking = await asked(llm, questions(9), seconds=0.3)
    assert asking.said == {}
    assert "not all groups were named" in asking.errors[""]


async def test_a_question_that_takes_too_long_is_an_error(llm: Llm) -> None:
    llm.seconds = 5.0
    assert "did not answer in time" in (await asked(llm, questions(), llm_timeout=0.1)).errors["cl_0"]


async def test_the_same_question_is_not_asked_twice(llm: Llm) -> None:
    answers = new_answers()
    async with open_endpoint(settings_of(llm), None) as endpoint:
        for seconds, expected in ((60.0, 1), (60.0, 1), (0.0, 2)):
            asking = Asking(endpoint=endpoint, rules=LabellingRules(cache_seconds=seconds), answers=answers)
            await asking.ask_all(questions(), 60)
            assert asking.said
            assert len(llm.asked) == expected


async def test_nothing_listens(llm: Llm) -> None:
    asking = await asked(llm, questions(), llm_url="http://127.0.0.1:9/v1")
    assert "cannot be reached" in asking.errors["cl_0"]


@pytest.mark.parametrize(("url", "why"), [("", "no endpoint"), ("http://127.0.0.1:9", "no model")])
async def test_an_endpoint_must_be_configured(url: str, why: str) -> None:
    with pytest.raises(EndpointError, match=why):
        async with open_endpoint(Settings(llm_url=url), None):
            pass
