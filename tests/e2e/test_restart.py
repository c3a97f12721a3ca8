"""A stack that ends, well or badly, goes on with the same data the next time."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.api import Api, create_unified
from tests.support.media.pictures import data_uri, photos
from tests.support.running_stack import running_stack, start
from tests.support.tutorial.option_a import LABEL, upload_body

NAME = "restart"


def upload(api: Api, path: Path) -> str:
    created = api.post(f"/buckets/bkt_{NAME}/objects", upload_body(data_uri(path.read_bytes())))
    assert api.processed(f"bkt_{NAME}", created["object_id"])["status"] == "COMPLETED"
    return str(created["object_id"])


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_labels_keep_working_after_the_stack_has_ended(tmp_path: Path, ending: signal.Signals) -> None:
    photo = photos("fish")[0]
    first = start(tmp_path, {})
    api = Api(first.url, first.key)
    create_unified(api, NAME)
    object_id = upload(api, photo)
    api.patch(f"/buckets/bkt_{NAME}/objects/{object_id}", {"metadata": {LABEL: "Fish"}})
    os.kill(first.process.pid, ending)
    first.process.wait(60)

    with running_stack(tmp_path, {}) as second:
        assert second.key == first.key
        again = Api(second.url, second.key)
        found = again.document_of(NAME, upload(again, photo))
    assert found["metadata"][LABEL] == "Fish"
