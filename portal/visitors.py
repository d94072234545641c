"""Where a request comes from, as the limits count it."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask_limiter.util import get_remote_address

OWN_V6 = 64  # what one household or server has to itself: each of its addresses would else be a new visitor
NETWORK_V4 = 24


def visitor() -> str:
    """One address of the old kind; the whole network of one of the new."""
    return _within(32)


def network() -> str:
    """The visitor with their neighbours, among whose addresses one machine may easily choose."""
    return _within(NETWORK_V4)


def _within(bits_v4: int) -> str:
    address = _address()
    bits = bits_v4 if isinstance(address, IPv4Address) else OWN_V6
    return str(ip_network((address, bits), strict=False))


def _address() -> IPv4Address | IPv6Address:
    try:
        address = ip_address(get_remote_address())
    except ValueError:  # behind a proxy that says something else
        return IPv4Address(0)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
