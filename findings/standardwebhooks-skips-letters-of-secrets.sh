#!/usr/bin/env bash
# standardwebhooks 1.1.0: a secret in the url-safe alphabet, as many generators print it, is neither understood nor
# refused: `-` and `_` are skipped, and the key is a byte short. A sender that holds the same bytes is then never believed,
# and nothing says why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import base64
from datetime import UTC, datetime
from importlib.metadata import version

from standardwebhooks import Webhook, WebhookVerificationError

key = bytes([251]) + bytes(23)
plain, safe = (f"whsec_{encode(key).decode()}" for encode in (base64.b64encode, base64.urlsafe_b64encode))
assert plain.replace("+", "-") == safe
now = datetime.now(UTC)
signature = Webhook(plain).sign("msg_1", now, "{}")
headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
assert Webhook(plain).verify("{}", headers) == {}
try:
    Webhook(safe).verify("{}", headers)
except WebhookVerificationError as error:
    print(f"standardwebhooks {version('standardwebhooks')}: the same 24 bytes as {plain} and as {safe}: {error}")
else:
    raise SystemExit("the url-safe alphabet is understood now")
PYTHON
