"""What every route asks for: the gateway, a checked key, the namespace."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from services.gateway.gateway import Gateway

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


def the_gateway(request: Request) -> Gateway:
    """The gateway that serves this request."""
    return cast(Gateway, request.app.state.gateway)


async def authenticated(request: Request, _documented: Annotated[object, Security(bearer)]) -> Gateway:
    """The gateway, after the caller's key was checked."""
    gateway = the_gateway(request)
    await gateway.keys.check(request.headers.get("authorization", ""))
    return gateway


async def in_namespace(
    request: Request,
    gateway: Annotated[Gateway, Depends(authenticated)],
    _documented: Annotated[object, Security(namespace_header)],
) -> Tenant:
    """The caller's namespace; NotFoundError when the header names none."""
    namespace_id = await gateway.tenants.get(request.headers.get("x-namespace", ""))
    return Tenant(gateway=gateway, namespace_id=namespace_id, base_url=base_url(request))


async def in_any_namespace(
    request: Request,
    gateway: Annotated[Gateway, Depends(authenticated)],
    _documented: Annotated[object, Security(namespace_header)],
) -> Tenant | None:
    """Like in_namespace, but None when the header names none: lists then answer an empty page."""
    namespace_id = await gateway.tenants.find(request.headers.get("x-namespace", ""))
    if namespace_id is None:
        return None
    return Tenant(gateway=gateway, namespace_id=namespace_id, base_url=base_url(request))


def base_url(request: Request) -> str:
    """The address that clients reach this server under, without a trailing slash."""
    configured = the_gateway(request).settings.public_url
    return (configured or str(request.base_url)).rstrip("/")


Public = Annotated[Gateway, Depends(the_gateway)]
Caller = Annotated[Gateway, Depends(authenticated)]
InNamespace = Annotated[Tenant, Depends(in_namespace)]
InAnyNamespace = Annotated[Tenant | None, Depends(in_any_namespace)]
