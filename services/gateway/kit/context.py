"""What every route asks for: the gateway, a checked key, the namespace."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from services.common.errors import ForbiddenError, RateLimitedError
from services.gateway.kit.access.key_or_session import caller_of
from services.gateway.kit.access.permissions import CallerKey, needed
from services.gateway.kit.access.rate_limits import WINDOW_SECONDS
from services.gateway.kit.dependencies import Gateway

bearer = HTTPBearer(auto_error=False, description="An API key, `sk_...`")
namespace_header = APIKeyHeader(
    name="X-Namespace", auto_error=False, description="Namespace id or name; `default` when absent"
)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A request of a known caller in a namespace that exists."""

    gateway: Gateway
    namespace_id: str
    base_url: str
    key_id: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A known caller, and the permission that this request takes; routes that need no namespace ask `require`."""

    gateway: Gateway
    key: CallerKey
    permission: str

    def require(self, namespace_id: str) -> None:
        """ForbiddenError when the key may not do this in that namespace."""
        if not self.key.may(self.permission, namespace_id):
            raise _refusal(self.key, self.permission)

    def visible_namespaces(self) -> list[str] | None:
        """The ids of the namespaces in which the key may do this; None when in all."""
        reach = self.key.namespaces
        return None if reach is None else [each for each in reach if self.key.may(self.permission, each)]

    def require_organization(self) -> None:
        """ForbiddenError for a key with scopes: it has no business outside its namespaces."""
        if self.key.namespaces is not None:
            message = f"The key '{self.key.name}' is restricted to namespaces, and this belongs to the organization."
            raise ForbiddenError(message)


def the_gateway(request: Request) -> Gateway:
    """The gateway that serves this request."""
    return cast(Gateway, request.app.state.gateway)


async def identified(request: Request, _documented: Annotated[object, Security(bearer)]) -> Identity:
    """The caller, whose key was checked, counted, and allows a request of this kind."""
    gateway = the_gateway(request)
    key = await caller_of(request, gateway)
    await _count(request, gateway, key)
    if not key.accepts(request.headers.get("origin", "")):
        raise ForbiddenError("This key may not be used from this origin; see its allowed_origins.")
    permission = needed(request.method, request.scope["route"].path)
    if not key.may(permission):
        raise _refusal(key, permission)
    return Identity(gateway=gateway, key=key, permission=permission)


async def _count(request: Request, gateway: Gateway, key: CallerKey) -> None:
    per_minute = key.rate_limit or gateway.settings.rate_limit_per_minute
    if not per_minute:
        return
    allowance = await gateway.rates.hit(key.key_id, per_minute)
    request.state.rate_headers = allowance.headers()
    if allowance.is_exceeded:
        raise RateLimitedError(limit=allowance.limit, window=WINDOW_SECONDS, retry_after=allowance.reset)


def _refusal(key: CallerKey, permission: str) -> ForbiddenError:
    return ForbiddenError(f"The key '{key.name}' lacks the permission '{permission}' here.", permission=permission)


async def authenticated(identity: Annotated[Identity, Depends(identified)]) -> Gateway:
    """The gateway, for what belongs to no namespace."""
    identity.require_organization()
    return identity.gateway


async def in_namespace(
    request: Request,
    identity: Annotated[Identity, Depends(identified)],
    _documented: Annotated[object, Security(namespace_header)],
) -> Tenant:
    """The caller's namespace; NotFoundError when the header names none."""
    return _tenant(request, identity, await identity.gateway.tenants.get(request.headers.get("x-namespace", "")))


async def in_any_namespace(
    request: Request,
    identity: Annotated[Identity, Depends(identified)],
    _documented: Annotated[object, Security(namespace_header)],
) -> Tenant | None:
    """Like in_namespace, but None when the header names none: lists then answer an empty page."""
    namespace_id = await identity.gateway.tenants.find(request.headers.get("x-namespace", ""))
    return None if namespace_id is None else _tenant(request, identity, namespace_id)


def _tenant(request: Request, identity: Identity, namespace_id: str) -> Tenant:
    identity.require(namespace_id)
    return Tenant(
        gateway=identity.gateway,
        namespace_id=namespace_id,
        base_url=base_url(request),
        key_id=identity.key.key_id,
    )


def base_url(request: Request) -> str:
    """The address that clients reach this server under, without a trailing slash."""
    configured = the_gateway(request).settings.public_url
    return (configured or str(request.base_url)).rstrip("/")


Public = Annotated[Gateway, Depends(the_gateway)]
Caller = Annotated[Gateway, Depends(authenticated)]
Identified = Annotated[Identity, Depends(identified)]
InNamespace = Annotated[Tenant, Depends(in_namespace)]
InAnyNamespace = Annotated[Tenant | None, Depends(in_any_namespace)]
