"""Signing in to the pages: a cookie that no script reads, of use to our own pages alone, and gone when signed out."""

from typing import Any

import httpx
import pytest

from services.common.database.api_keys import create_key, hash_key, revoke_key
from services.common.database.browser_sessions import open_session
from tests.support.gateway.gateway_stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = {"X-Likeness-Page": "1"}


async def sign_in(browser: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await browser.post("/sign-in", json=body, headers=PAGE)


async def test_a_key_opens_a_session_that_lasts_until_it_is_ended(stack: Stack) -> None:
    async with stack.bare_client({"X-Namespace": stack.namespace_id}) as browser:
        assert (await browser.get("/v1/me")).status_code == 401
        answer = await sign_in(browser, api_key=stack.key)
        cookie = answer.headers["set-cookie"].lower()
        assert answer.status_code == 200
        assert "httponly" in cookie and "samesite=lax" in cookie and stack.key.lower() not in cookie
        assert (await browser.get("/v1/me")).status_code == 200
        kept = dict(browser.cookies)
        assert (await browser.post("/sign-out", headers=PAGE)).status_code == 200
        assert (await browser.get("/v1/me")).status_code == 401
        browser.cookies.update(kept)
        ended = await browser.get("/v1/me")
        assert (ended.status_code, ended.json()["error"]["code"]) == (401, "SESSION_ENDED")


@pytest.mark.parametrize("body", [{"api_key": "sk_wrong"}, {"api_key": ""}, {"link": "x"}, {}])
async def test_what_is_not_good_opens_nothing(stack: Stack, body: dict[str, Any]) -> None:
    async with stack.bare_client({}) as browser:
        answer = await sign_in(browser, **body)
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_a_link_signs_in_once(stack: Stack) -> None:
    token = await open_session(stack.gateway.pool, "link", hash_key(stack.key))
    async with stack.bare_client({}) as browser, stack.bare_client({}) as other:
        assert (await sign_in(browser, link=token)).status_code == 200
        assert (await browser.get("/v1/me")).status_code == 200
        again = await sign_in(other, link=token)
        assert (again.status_code, again.json()["error"]["code"]) == (401, "LINK_USED")


async def test_the_token_of_a_link_is_no_session_and_expires(stack: Stack) -> None:
    pool = stack.gateway.pool
    token = await open_session(pool, "link", hash_key(stack.key))
    async with stack.bare_client({"Cookie": f"likeness_session={token}"}) as browser:
        assert (await browser.get("/v1/me")).status_code == 401
    await pool.execute("UPDATE sessions SET expires_at = now() WHERE token_hash = $1", hash_key(token))
    async with stack.bare_client({}) as browser:
        assert (await sign_in(browser, link=token)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**PAGE, "Origin": "https://elsewhere.example"},
        {**PAGE, "Sec-Fetch-Site": "cross-site"},
        {**PAGE, "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_can_do_nothing_with_a_session(stack: Stack, headers: dict[str, str]) -> None:
    async with stack.bare_client({"X-Namespace": stack.namespace_id}) as browser:
        await sign_in(browser, api_key=stack.key)
        answer = await browser.post("/v1/buckets", json={"bucket_name": "b", "bucket_schema": {}}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "NOT_OWN_PAGE")
        assert (await browser.post("/sign-out", headers=headers)).status_code == 403
        assert (await browser.post("/sign-in", json={"api_key": stack.key}, headers=headers)).status_code == 403


async def test_our_own_pages_can(stack: Stack) -> None:
    async with stack.bare_client({"X-Namespace": stack.namespace_id}) as browser:
        await sign_in(browser, api_key=stack.key)
        headers = {**PAGE, "Origin": "http://gateway", "Sec-Fetch-Site": "same-origin"}
        answer = await browser.post("/v1/buckets/list", json={}, headers=headers)
        assert answer.status_code == 200


async def test_a_revoked_key_ends_its_sessions(stack: Stack) -> None:
    key_id, key = await create_key(stack.gateway.pool, "browser")
    async with stack.bare_client({}) as browser:
        await sign_in(browser, api_key=key)
        await revoke_key(stack.gateway.pool, key_id)
        stack.gateway.keys.forget()
        assert (await browser.get("/v1/me")).status_code == 401


async def test_a_key_that_is_sent_counts_before_a_session(stack: Stack) -> None:
    async with stack.bare_client({}) as browser:
        await sign_in(browser, api_key=stack.key)
        assert (await browser.get("/v1/me", headers={"Authorization": "Bearer sk_wrong"})).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/progress", "/review/x", "/labels/x", "/clusters/x", "/document/x/doc_1"]
)
async def test_pages_load_nothing_from_elsewhere_and_run_nothing_inside(stack: Stack, path: str) -> None:
    async with stack.bare_client({}) as browser:
        page = await browser.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert "<script>" not in page.text and "onclick" not in page.text and "//" not in page.text
        (script,) = [part.split('"')[0] for part in page.text.split('src="')[1:]]
        asset = await browser.get(script)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert "javascript" in asset.headers["content-type"]


async def test_programs_that_leave_out_the_version_still_reach_clusters(stack: Stack) -> None:
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as program:
        listed = await program.get("/clusters", headers={"Accept": "application/json"})
        assert listed.json()["results"] == (await program.get("/v1/clusters")).json()["results"]
        missing = await program.get("/clusters/clust_none")
        assert missing.status_code == 404 and missing.json()["error"]
