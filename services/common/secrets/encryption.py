"""Secrets that are needed again, such as the signing secrets of webhooks: encrypted while they are stored."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.common.errors import UnavailableError

CANNOT_OPEN = (
    "A stored secret cannot be read: set LIKENESS_SECRETS_KEY for the gateway and the worker, as it was before."
)
MISSING = "Secrets cannot be stored: set LIKENESS_SECRETS_KEY for the gateway and the worker."


def new_key() -> str:
    """A key for LIKENESS_SECRETS_KEY."""
    return Fernet.generate_key().decode()


class Sealer:
    """Seals and opens texts with the keys of LIKENESS_SECRETS_KEY, separated by commas: the first seals, all open."""

    def __init__(self, keys: str) -> None:
        """ValueError when a key is not 32 bytes in URL-safe base64."""
        listed = [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        self._keys = MultiFernet(listed) if listed else None

    def seal(self, text: str) -> str:
        """The text, encrypted and authenticated; UnavailableError SECRETS_KEY_MISSING without a key."""
        return self._usable(MISSING).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What `seal` was given; UnavailableError SECRETS_KEY_MISSING when no key opens it."""
        try:
            return self._usable(CANNOT_OPEN).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            message = "A stored secret was sealed with a key that LIKENESS_SECRETS_KEY no longer names; add it back."
            raise UnavailableError(message, reason="SECRETS_KEY_MISSING") from error

    def _usable(self, otherwise: str) -> MultiFernet:
        if self._keys is None:
            raise UnavailableError(otherwise, reason="SECRETS_KEY_MISSING")
        return self._keys
