"""Choosing the port of the gateway."""

import socket

from services.common.errors import AlreadyExistsError

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def reserve_port(host: str, port: int) -> int:
    """The port to listen on: `port` itself, or a free one for 0. Raises AlreadyExistsError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AlreadyExistsError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Name another --port."
            ) from error
        return int(probe.getsockname()[1])


def reachable_host(host: str) -> str:
    """The address by which this machine reaches a server that listens on `host`."""
    return WILDCARDS.get(host, host)


def base_url(host: str, port: int) -> str:
    """The url of a server on this machine."""
    name = reachable_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
