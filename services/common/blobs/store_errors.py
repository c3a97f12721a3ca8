"""What it means that a blob store refuses: in a sentence to who asked, and with all that is known in the log."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import structlog
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError

from services.common.errors import UnavailableError

REASON = "BLOB_STORE"
FULL = "has no space left; make room for it"
NO_FOLDER = "has a file where its folder should be; move that file away"
WHY: Mapping[int, str] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: "is read-only; mount it so that it can be written",
    errno.EACCES: "may not be used by this account; give it the right to",
    errno.EPERM: "may not be used by this account; give it the right to",
    errno.ENOTDIR: NO_FOLDER,
    errno.EEXIST: NO_FOLDER,
}
LONGEST = 1000
Doing = Literal["written", "read"]
log = structlog.get_logger()


@contextmanager
def store_faults(doing: Doing) -> Iterator[None]:
    """Turns what a folder or obstore raises into UnavailableError BLOB_STORE, and logs it as it was."""
    try:
        yield
    except (BaseError, OSError) as error:
        log.error("blob store refuses", doing=doing, error=repr(error)[:LONGEST])
        raise store_fault(error, doing) from error


def store_fault(error: Exception, doing: Doing) -> UnavailableError:
    """The sentence for who asked, without paths, addresses or the words of a library."""
    message = f"The blob store cannot be {doing}: it {_why(error)}. Its log and GET /v1/health/deep tell more."
    return UnavailableError(message, reason=REASON)


def _why(error: Exception) -> str:
    match error:
        case PermissionDeniedError() | UnauthenticatedError():
            return "refuses the S3 credentials; correct LIKENESS_S3_ACCESS_KEY_ID and its secret, or their rights"
        case NotFoundError():
            return "has no such S3 bucket; create that of LIKENESS_BLOB_STORE"
        case OSError(errno=int(number)) if number in WHY:
            return WHY[number]
    return "does not answer; try again in a moment"
