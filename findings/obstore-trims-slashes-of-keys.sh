#!/usr/bin/env bash
# obstore 0.12.1: a slash at the beginning or the end of a key is dropped without a word, so that `folder/` and `/folder`
# read and write the object `folder`, which S3 keeps apart from both. (A double slash inside a key raises.) Whoever passes
# on the key of `s3://bucket//a.txt` reads the object of `s3://bucket/a.txt`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check obstore==0.12.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import obstore
from obstore.store import MemoryStore

store = MemoryStore()
obstore.put(store, "folder", b"the object 'folder'")
read = {key: bytes(obstore.get(store, key).bytes()) for key in ("folder/", "/folder")}
print(f"obstore {version('obstore')}: {read}")
assert set(read.values()) == {b"the object 'folder'"}, "slashes at the ends are kept apart now"
obstore.put(store, "folder/", b"another")
print("after a put to 'folder/':", [entry["path"] for entry in obstore.list(store).collect()])
assert bytes(obstore.get(store, "folder").bytes()) == b"another"
try:
    obstore.get(store, "a//b")
except ValueError as error:
    print("a//b:", str(error).splitlines()[0])
else:
    raise SystemExit("a double slash inside a key is read now")
PYTHON
