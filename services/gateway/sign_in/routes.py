"""Signing in and out of the pages: a key, or a link that holds a token, for a cookie."""

from fastapi import APIRouter, Request, Response

from services.common.database.api_keys import hash_key
from services.common.database.browser_sessions import end_session, open_session, use_link
from services.common.errors import UnauthorizedError
from services.gateway.kit.access.session_cookie import drop_cookie, require_own_page, session_token, set_cookie
from services.gateway.kit.context import Public
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.http.routing import JsonAnswer, JsonRoute
from services.gateway.kit.shapes import Form

router = APIRouter(include_in_schema=False, route_class=JsonRoute)


class SignIn(Form):
    """A key, or the token of a link that signs in once."""

    api_key: str | None = None
    link: str | None = None


@router.post("/sign-in")
async def sign_in(form: SignIn, request: Request, gateway: Public) -> Response:
    """Opens a session and sets its cookie."""
    require_own_page(request)
    key_hash = await _key_hash(gateway, form)
    await gateway.keys.check_hash(key_hash)
    if earlier := session_token(request):
        await end_session(gateway.pool, earlier)
    response = JsonAnswer({"signed_in": True})
    set_cookie(request, response, await open_session(gateway.pool, "browser", key_hash))
    return response


async def _key_hash(gateway: Gateway, form: SignIn) -> bytes:
    if form.link is None:
        await gateway.keys.check(f"Bearer {(form.api_key or '').strip()}")
        return hash_key((form.api_key or "").strip())
    found = await use_link(gateway.pool, form.link)
    if found is None:
        message = "This link has been used or has expired; `likeness link` prints a new one."
        raise UnauthorizedError(message, reason="LINK_USED")
    return found


@router.post("/sign-out")
async def sign_out(request: Request, gateway: Public) -> Response:
    """Ends the session, and makes the browser forget it."""
    require_own_page(request)
    await end_session(gateway.pool, session_token(request))
    response = JsonAnswer({"signed_in": False})
    drop_cookie(request, response)
    return response
