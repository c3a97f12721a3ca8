"""The key of a request: in its Authorization header, or behind the session of a browser."""

from fastapi import Request

from services.common.database.browser_sessions import key_of_session
from services.common.errors import UnauthorizedError
from services.gateway.kit.access.permissions import CallerKey
from services.gateway.kit.access.session_cookie import require_own_page, session_token
from services.gateway.kit.dependencies import Gateway


async def caller_of(request: Request, gateway: Gateway) -> CallerKey:
    """The key that was sent, which always counts before a session; UnauthorizedError when neither is good."""
    authorization = request.headers.get("authorization", "")
    token = session_token(request)
    if authorization or not token:
        return await gateway.keys.check(authorization)
    require_own_page(request)
    key_hash = await key_of_session(gateway.pool, token)
    if key_hash is None:
        raise UnauthorizedError("You are signed out; sign in again.", reason="SESSION_ENDED")
    return await gateway.keys.check_hash(key_hash)
