"""Which IP addresses an outgoing request may reach: the public Internet, and what the operator adds."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# From the IANA special-purpose registries, and the metadata services that clouds keep on other addresses.
_REFUSED_IPV4 = (
    "0.0.0.0/8",  # this network, unspecified
    "10.0.0.0/8",
    "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata
    "127.0.0.0/8",
    "168.63.129.16/32",  # Azure's metadata
    "169.254.0.0/16",  # link-local; most clouds' metadata
    "172.16.0.0/12",
    "192.0.0.0/24",  # protocol assignments; Oracle's metadata
    "192.0.2.0/24",
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)
# Only global unicast is ever public, so mapped, NAT64, unique local, link-local, site-local and multicast
# addresses fall outside; these are the parts of it that are not.
_PUBLIC_IPV6 = "2000::/3"
_REFUSED_IPV6 = (
    "2001::/23",  # protocol assignments, Teredo
    "2001:db8::/32",
    "2002::/16",  # 6to4
    "3fff::/20",
)

_IPV4 = tuple(IPv4Network(network) for network in _REFUSED_IPV4)
_IPV6 = tuple(IPv6Network(network) for network in _REFUSED_IPV6)
_UNICAST = ip_network(_PUBLIC_IPV6)


def is_allowed(address: str, allow: Iterable[Network] = ()) -> bool:
    """Whether a request may reach `address`, an IP address as text; what is not one is refused."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in allow) or _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4)
    return address in _UNICAST and not any(address in network for network in _IPV6)
