"""Which addresses an outgoing request may reach."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.http.allowed_addresses import is_allowed

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.1 192.167.255.255 192.169.0.1
198.17.255.255 198.20.0.1 223.255.255.255 2606:4700:4700::1111 2a00:1450:4001:81b::200e 2001:4860:4860::8888 2400::1
"""

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3 127.255.255.255
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.1 172.31.255.255 172.17.0.2
192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7
203.0.113.9 224.0.0.1 233.252.0.1 239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:7f00:1 ::127.0.0.1 ::8.8.8.8
64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2002:808:808:: 3fff::1 3fff:fff::1
4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 fe80::a9fe:a9fe febf::1 fec0::1
feff::1 ff01::1 ff02::1 ff0e::1 ffff::1
"""

NOT_ADDRESSES = "localhost 2130706433 0x7f.1 0177.0.0.1 127.1 1.1.1 1.1.1.1:80 ::1] 1.1.1.1/32"


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize("address", [*REFUSED.split(), *NOT_ADDRESSES.split(), "", "1.1.1.1 "])
def test_all_other_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address)


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_refused_too(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_allowed(str(address))


def test_the_operator_can_allow_networks() -> None:
    allow = (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))
    assert is_allowed("127.0.0.1", allow)
    assert is_allowed("fd00::1", allow)
    assert not is_allowed("127.0.0.2", allow)
    assert not is_allowed("::ffff:127.0.0.1", allow)
    assert not is_allowed("10.0.0.1", allow)
