"""The S3 prefixes that exports may be written to, as the operator names them. Pure."""

import re
from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
PLACE = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:/(?P<prefix>[^\s,]*))?")
OTHER_KEY = re.compile(r"^/|//|(?:^|/)\.{1,2}(?:/|$)|[\x00-\x1f\x7f]")


def read_destinations(text: str) -> Mapping[str, tuple[str, str]]:
    """`name=s3://bucket/prefix`, separated by commas, as name -> (bucket, prefix that is empty or ends in a slash).

    ValueError, with a sentence, for what is none.
    """
    return dict(_destination(part.strip()) for part in text.split(",") if part.strip())


def _destination(part: str) -> tuple[str, tuple[str, str]]:
    name, _, address = part.partition("=")
    place = PLACE.fullmatch(address.strip())
    if not NAME.fullmatch(name.strip()) or place is None or is_other_key(place["prefix"] or ""):
        raise ValueError(f"'{part[:200]}' is not of the form name=s3://bucket/prefix")
    return name.strip(), (place["bucket"], folder_of(place["prefix"] or ""))


def folder_of(prefix: str) -> str:
    """The prefix with a slash at its end; an empty one stays empty."""
    return f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""


def is_other_key(prefix: str) -> bool:
    """Whether a key that begins so would be taken for another one, or leave its prefix."""
    return OTHER_KEY.search(prefix) is not None
