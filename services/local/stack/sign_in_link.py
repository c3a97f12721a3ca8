"""Links that open the pages of a stack and sign in once."""

from services.common.database.api_keys import hash_key
from services.common.database.browser_sessions import open_session
from services.common.database.pool import Executor


async def sign_in_link(db: Executor, url: str, api_key: str) -> str:
    """A link that signs in with this key, once within a day; its token is never sent to a log, being a fragment."""
    return f"{url}/sign-in#once={await open_session(db, 'link', hash_key(api_key))}"
