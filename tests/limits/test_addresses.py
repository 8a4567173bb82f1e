"""Whom a request comes from: what trusted proxies wrote is believed, and nothing before it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from app.limits.addresses import client_address, network

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("fd00::1", "2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        # Hidden, or nonsense: what stands before it may be anybody's.
        ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
        (None, "198.51.100.1", "198.51.100.1"),
        (None, "", "unknown"),
    ],
)
def test_the_nearest_that_is_no_trusted_proxy(peer: str | None, told: str, address: str) -> None:
    assert client_address(peer, told, TRUSTED, "x-forwarded-for") == address


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ('For="[2001:db8::7]:4711";proto=https', "2001:db8::7"),
        ("for=203.0.113.9;by=10.0.0.9, for=198.51.100.1;host=lockstep.example", "198.51.100.1"),
        ("for=203.0.113.9, for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_standard_header(told: str, address: str) -> None:
    """RFC 7239."""
    assert client_address("10.0.0.1", told, TRUSTED, "forwarded") == address


def test_nobody_is_trusted_unless_named() -> None:
    assert client_address("127.0.0.1", "198.51.100.1", (), "x-forwarded-for") == "127.0.0.1"


def test_a_customer_of_ipv6_has_a_whole_network() -> None:
    assert network("2001:db8::7") == network("2001:db8::8:9") == "2001:db8::/64"
    assert network("2001:db8:0:1::7") != network("2001:db8::7")
    assert network("192.0.2.1") != network("192.0.2.2")
