"""What a blob store's refusal is called."""

import errno
import os

import pytest

from services.common.blobs.store_errors import store_fault, store_faults
from services.common.errors import UnavailableError


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "no space left"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not be used by this account"),
        (errno.ENOTDIR, "a file where its folder should be"),
        (errno.EIO, "does not answer"),
    ],
)
def test_each_reason_has_its_words_and_no_path(number: int, said: str) -> None:
    error = OSError(number, os.strerror(number), "/secret/place")
    fault = store_fault(error, "written")
    assert said in fault.message
    assert "secret" not in fault.message
    assert fault.reason == "BLOB_STORE"


def test_what_is_no_fault_of_the_store_passes() -> None:
    with pytest.raises(ZeroDivisionError), store_faults("read"):
        raise ZeroDivisionError
    with pytest.raises(UnavailableError), store_faults("read"):
        raise OSError(errno.ENOSPC, "full")
