"""Who is asking, and the organization that this server belongs to."""

from services.gateway.kit.context import Caller, Identified
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.rows.change_row import change_row
from services.gateway.organization.shapes import Me, Organization, OrganizationPatch, to_me, to_organization
from services.gateway.organization.users.store import read_organization

router = routes_of("Organization")


@router.get("/me")
async def me(identity: Identified) -> Me:
    """Who the key is, and what it may do."""
    per_minute = identity.key.rate_limit or identity.gateway.settings.rate_limit_per_minute
    return to_me(await read_organization(identity.gateway.pool), identity.key, per_minute)


@router.get("/organizations")
async def get_organization(gateway: Caller) -> Organization:
    """The organization."""
    return to_organization(await read_organization(gateway.pool), gateway.settings.rate_limit_per_minute)


@router.patch("/organizations")
async def update_organization(form: OrganizationPatch, gateway: Caller) -> Organization:
    """Changes what is given."""
    row = await read_organization(gateway.pool)
    columns = form.model_dump(exclude_none=True)
    async with gateway.pool.acquire() as connection, connection.transaction():
        change = await change_row(connection, "organizations", "organization_id", row["organization_id"], columns)
    return to_organization(change.row if change and change.columns else row, gateway.settings.rate_limit_per_minute)
