"""The cookie that keeps a session, and how a request of our own pages is told from one that another site provoked."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from services.common.database.browser_sessions import LASTS
from services.common.errors import ForbiddenError

NAME = "likeness_session"
PAGE_HEADER = "X-Likeness-Page"
"""Set by our pages on every call. No other site can set it: browsers ask first, and nobody answers them."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({"", "same-origin", "none"})


def cookie_name(request: Request) -> str:
    """Browsers share cookies among the ports of a host, so that each port has a name of its own."""
    port = urlsplit(str(request.base_url)).port
    return NAME if port is None else f"{NAME}_{port}"


def session_token(request: Request) -> str:
    """The token of the session that the request comes with; empty when there is none."""
    return request.cookies.get(cookie_name(request), "")


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Keeps a session: no script can read it, and other sites cannot send it with what they post."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(LASTS["browser"].total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Makes the browser forget the session."""
    response.delete_cookie(cookie_name(request), httponly=True, samesite="lax")


def require_own_page(request: Request) -> None:
    """ForbiddenError for a request with a cookie, or for one, that does not come from our own pages."""
    own_header = request.method in SAFE or PAGE_HEADER.lower() in request.headers
    if not own_header or request.headers.get("sec-fetch-site", "") not in OURS or not _is_own_origin(request):
        message = f"A session serves the pages of this server alone; a program sends its key, or {PAGE_HEADER}."
        raise ForbiddenError(message, reason="NOT_OWN_PAGE")


def _is_own_origin(request: Request) -> bool:
    origin = request.headers.get("origin", "")
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")
