"""The keys of a user; every one of these routes takes a key with the permission `admin`."""

from services.gateway.kit.context import Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import Deleted
from services.gateway.organization.keys import store
from services.gateway.organization.keys.shapes import (
    Key,
    KeyCreate,
    KeyList,
    KeyPatch,
    NewKey,
    key_columns,
    to_key,
    to_new_key,
)
from services.gateway.organization.users.store import get_user

router = routes_of("API keys", "/organizations/users/{user_email}/api-keys")


async def _user_id(identity: Identity, email: str) -> str:
    identity.require_organization()
    return str((await get_user(identity.gateway.pool, email))["user_id"])


@router.post("")
async def create_key(user_email: str, form: KeyCreate, identity: Identified) -> NewKey:
    """Creates a key; `key` is shown here and never again."""
    user_id = await _user_id(identity, user_email)
    row, key = await store.create_user_key(identity.gateway.pool, user_id, identity.key.key_id, key_columns(form))
    return to_new_key(row, key)


@router.get("")
async def list_keys(
    user_email: str, identity: Identified, include_revoked: bool = False, include_session_keys: bool = False
) -> KeyList:
    """Lists the keys of a user; there are no session keys here."""
    user_id = await _user_id(identity, user_email)
    rows = await store.list_user_keys(identity.gateway.pool, user_id, include_revoked=include_revoked)
    return KeyList(results=[to_key(row) for row in rows], total=len(rows))


@router.get("/{key_name}")
async def get_key(user_email: str, key_name: str, identity: Identified) -> Key:
    """One key, by name or id."""
    user_id = await _user_id(identity, user_email)
    return to_key(await store.get_user_key(identity.gateway.pool, user_id, key_name))


@router.patch("/{key_name}")
async def update_key(user_email: str, key_name: str, form: KeyPatch, identity: Identified) -> Key:
    """Changes what is given, null clears; `status: revoked` ends the key."""
    pool, user_id = identity.gateway.pool, await _user_id(identity, user_email)
    key_id = (await store.get_user_key(pool, user_id, key_name))["key_id"]
    if form.status == "revoked":
        await store.revoke_user_key(pool, key_id, identity.key.key_id)
    row = await store.update_user_key(pool, user_id, key_id, key_columns(form))
    identity.gateway.keys.forget()
    return to_key(row)


@router.delete("/{key_name}")
async def delete_key(user_email: str, key_name: str, identity: Identified, force: bool = False) -> Deleted:
    """Revokes a key; `force` changes nothing, since nothing here embeds keys."""
    pool, user_id = identity.gateway.pool, await _user_id(identity, user_email)
    row = await store.get_user_key(pool, user_id, key_name)
    await store.revoke_user_key(pool, row["key_id"], identity.key.key_id)
    identity.gateway.keys.forget()
    return Deleted(message=f"Revoked key {row['name']}.")


@router.post("/{key_name}/rotate")
async def rotate_key(user_email: str, key_name: str, identity: Identified) -> NewKey:
    """A new key in the place of the old one, which is refused from now on."""
    pool, user_id = identity.gateway.pool, await _user_id(identity, user_email)
    row = await store.get_user_key(pool, user_id, key_name)
    row, key = await store.rotate_user_key(pool, user_id, row)
    identity.gateway.keys.forget()
    return to_new_key(row, key)
