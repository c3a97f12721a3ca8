"""Users, keys, what keys may do, and how often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.tutorial.option_a import BUCKET

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _user(client: httpx.AsyncClient, **given: Any) -> str:
    email = f"{new_id('p')}@example.org"
    await ok(client, "POST", "/v1/organizations/users", {"email": email, "user_name": "Pat", **given})
    return f"/v1/organizations/users/{email}"


@asynccontextmanager
async def _with_key(stack: Stack, client: httpx.AsyncClient, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose key was made with `given`."""
    user = await _user(client)
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "k", **given})
    headers = {"Authorization": f"Bearer {made['key']}", "X-Namespace": stack.namespace_id}
    async with stack.bare_client(headers) as holder:
        yield holder


async def test_a_key_is_shown_once_and_works(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client)
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "laptop", "permissions": ["read"]})
    secret = made.pop("key")
    assert secret.startswith(made["key_prefix"])
    for answer in (
        (await ok(client, "GET", f"{user}/api-keys"))["results"],
        [await ok(client, "GET", f"{user}/api-keys/laptop")],
        [await ok(client, "GET", f"{user}/api-keys/{made['key_id']}")],
    ):
        assert answer == [made]
    async with stack.bare_client({"Authorization": f"Bearer {secret}"}) as holder:
        me = await ok(holder, "GET", "/v1/me")
    assert (me["user_email"], me["key"]["name"], me["key"]["permissions"]) == (
        user.rsplit("/", 1)[1],
        "laptop",
        ["read"],
    )
    stored = await stack.gateway.pool.fetchval("SELECT api_keys::text FROM api_keys WHERE key_id = $1", made["key_id"])
    assert secret not in stored


async def test_the_operators_key_may_do_everything_and_has_no_user(client: httpx.AsyncClient) -> None:
    me = await ok(client, "GET", "/v1/me")
    assert (me["user_email"], me["key"]["permissions"]) == (None, ["admin", "delete", "read", "write"])
    organization = await ok(client, "GET", "/v1/organizations")
    assert organization["organization_id"] == me["organization_id"]


async def test_a_rotated_key_replaces_the_old_one(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client)
    old = await ok(client, "POST", f"{user}/api-keys", {"name": "k"})
    async with stack.bare_client({"Authorization": f"Bearer {old['key']}"}) as holder:
        await ok(holder, "GET", "/v1/me")
        new = await ok(client, "POST", f"{user}/api-keys/k/rotate")
        await refused(holder, 401, "GET", "/v1/me")
    assert new["key_id"] == old["key_id"]
    async with stack.bare_client({"Authorization": f"Bearer {new['key']}"}) as holder:
        await ok(holder, "GET", "/v1/me")


async def test_a_deleted_key_is_refused_and_listed_as_revoked(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client)
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "k"})
    async with stack.bare_client({"Authorization": f"Bearer {made['key']}"}) as holder:
        await ok(holder, "GET", "/v1/me")
        assert (await ok(client, "DELETE", f"{user}/api-keys/k?force=true"))["success"] is True
        await refused(holder, 401, "GET", "/v1/me")
    assert (await ok(client, "GET", f"{user}/api-keys"))["total"] == 0
    [revoked] = (await ok(client, "GET", f"{user}/api-keys?include_revoked=true"))["results"]
    assert revoked["status"] == "revoked"
    await refused(client, 422, "POST", f"{user}/api-keys/{made['key_id']}/rotate")
    await ok(client, "POST", f"{user}/api-keys", {"name": "k"})


async def test_an_expired_key_is_refused_until_its_time_is_moved(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "k", "expires_at": past})
    assert made["status"] == "expired"
    async with stack.bare_client({"Authorization": f"Bearer {made['key']}"}) as holder:
        assert "expired" in (await refused(holder, 401, "GET", "/v1/me"))["message"]
        changed = await ok(client, "PATCH", f"{user}/api-keys/k", {"expires_at": None, "description": "kept"})
        assert (changed["status"], changed["description"], changed["name"]) == ("active", "kept", "k")
        await ok(holder, "GET", "/v1/me")


async def test_permissions_bound_what_a_key_may_do(stack: Stack, client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", BUCKET)
    async with _with_key(stack, client, permissions=["read"]) as reader:
        await ok(reader, "GET", "/v1/buckets/products_unified")
        await ok(reader, "POST", "/v1/buckets/list")
        error = await refused(reader, 403, "POST", "/v1/buckets", BUCKET | {"bucket_name": "b"})
        assert error["details"]["permission"] == "write"
        await refused(reader, 403, "DELETE", "/v1/buckets/products_unified")
    async with _with_key(stack, client) as standard:
        await refused(standard, 403, "GET", "/v1/organizations/users")
        await ok(standard, "PATCH", "/v1/buckets/products_unified", {"description": "d"})


async def test_the_role_of_a_user_bounds_their_keys(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client, role="viewer")
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "k", "permissions": ["read", "write", "admin"]})
    headers = {"Authorization": f"Bearer {made['key']}", "X-Namespace": stack.namespace_id}
    async with stack.bare_client(headers) as viewer:
        await refused(viewer, 403, "POST", "/v1/buckets", BUCKET)
        await ok(client, "PATCH", user, {"role": "member"})
        await ok(viewer, "POST", "/v1/buckets", BUCKET)
        await ok(client, "PATCH", user, {"status": "suspended"})
        await refused(viewer, 401, "GET", "/v1/me")


async def test_a_scoped_key_sees_its_namespace_alone(stack: Stack, client: httpx.AsyncClient) -> None:
    scope = {"resource_type": "namespace", "resource_id": f"{stack.namespace_id}_na*", "operations": ["read_data"]}
    async with _with_key(stack, client, scopes=[scope]) as scoped:
        await ok(scoped, "GET", "/v1/buckets")
        await refused(scoped, 403, "POST", "/v1/buckets", BUCKET)
        response = await scoped.get("/v1/buckets", headers={"X-Namespace": "default"})
        assert response.status_code == 403
        await refused(scoped, 403, "GET", "/v1/organizations")
        await ok(scoped, "GET", "/v1/me")


async def test_origins_bound_where_a_page_may_use_a_key(stack: Stack, client: httpx.AsyncClient) -> None:
    async with _with_key(stack, client, allowed_origins=["https://*.example.org"]) as holder:
        assert (await holder.get("/v1/me")).status_code == 200
        assert (await holder.get("/v1/me", headers={"Origin": "https://a.example.org"})).status_code == 200
        assert (await holder.get("/v1/me", headers={"Origin": "https://evil.test"})).status_code == 403


async def test_a_key_over_its_rate_is_told_when_to_come_back(stack: Stack, client: httpx.AsyncClient) -> None:
    async with _with_key(stack, client, rate_limit_override=2) as holder:
        first = await holder.get("/v1/me")
        assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("2", "1")
        assert first.json()["rate_limits"]["data"] == 2
        await holder.get("/v1/buckets/unknown")
        third = await holder.get("/v1/me")
    assert third.status_code == 429
    error = third.json()["error"]
    assert error["type"] == "TooManyRequestsError"
    assert (error["details"]["limit"], error["details"]["window"]) == (2, 60)
    assert 1 <= int(third.headers["Retry-After"]) == error["details"]["retry_after"] <= 60
    assert third.headers["X-RateLimit-Remaining"] == "0"
    assert "X-RateLimit-Limit" not in (await client.get("/v1/me")).headers


async def test_a_limit_for_every_key_is_a_setting(stack: Stack) -> None:
    async with stack.with_settings(rate_limit_per_minute=1).client() as limited:
        await ok(limited, "GET", "/v1/me")
        await refused(limited, 429, "GET", "/v1/me")


async def test_users_are_found_in_any_letter_case_listed_and_deleted(stack: Stack, client: httpx.AsyncClient) -> None:
    user = await _user(client, metadata={"team": "a"})
    found = await ok(client, "GET", user.upper().replace("/V1/ORGANIZATIONS/USERS", "/v1/organizations/users"))
    assert await ok(client, "PATCH", user, {"metadata": {"desk": 1}}) != found
    assert (await ok(client, "GET", user))["metadata"] == {"team": "a", "desk": 1}
    emails = [each["email"] for each in (await ok(client, "GET", "/v1/organizations/users?limit=1000"))["results"]]
    assert found["email"] in emails
    await refused(client, 409, "POST", "/v1/organizations/users", {"email": found["email"].upper(), "user_name": "Sam"})
    made = await ok(client, "POST", f"{user}/api-keys", {"name": "k"})
    await ok(client, "DELETE", user)
    await refused(client, 404, "GET", user)
    async with stack.bare_client({"Authorization": f"Bearer {made['key']}"}) as orphan:
        await refused(orphan, 401, "GET", "/v1/me")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "k", "permissions": ["root"]}, "permissions"),
        ({"name": "k", "permissions": []}, "permissions"),
        ({"name": "k", "rate_limit_override": 10**12}, "rate_limit_override"),
        ({"name": "k", "expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"name": "k", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "k", "scopes": [{"resource_type": "bucket", "resource_id": "*"}]}, "scopes"),
        ({"name": "k", "principal_id": "someone"}, "principal_id"),
    ],
)
async def test_what_a_key_cannot_be_is_named(client: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    error = await refused(client, 422, "POST", f"{await _user(client)}/api-keys", body)
    assert error["details"]["path"].startswith(f"body.{field}")


async def test_a_nul_in_a_text_is_no_fault_of_the_server(client: httpx.AsyncClient) -> None:
    await refused(client, 422, "POST", f"{await _user(client)}/api-keys", {"name": "k", "description": "a\x00b"})


async def test_keys_of_an_unknown_user_say_how_to_make_one(client: httpx.AsyncClient) -> None:
    error = await refused(client, 404, "POST", "/v1/organizations/users/no@one/api-keys", {"name": "k"})
    assert "POST /v1/organizations/users" in error["message"]
