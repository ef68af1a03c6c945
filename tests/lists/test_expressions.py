"""An address is asked under the expressions that its entries may have."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lists.expressions import HOSTS, PATHS, expression, expressions, hashes
from fanzha.values import url


def of(text: str) -> list[str]:
    return expressions(url.parse(text))


def test_hosts_and_paths_after_safe_browsing() -> None:
    """The examples of its documentation, on names of ours."""
    assert of("http://a.b.example/1/2.html?param=1") == [
        f"{host}{path}"
        for host in ("a.b.example", "b.example")
        for path in ("/1/2.html?param=1", "/1/2.html", "/1/", "/")
    ]
    hosts = ["a.b.c.d.e.f.example", "c.d.e.f.example", "d.e.f.example", "e.f.example", "f.example"]
    assert of("http://a.b.c.d.e.f.example/1.html") == [
        f"{host}{path}" for host in hosts for path in ("/1.html", "/")
    ]
    assert of("http://192.0.2.1/1/") == ["192.0.2.1/1/", "192.0.2.1/"]


def test_the_page_has_these() -> None:
    assert of("https://a.shop.example:8443/pay/now?id=1") == [
        f"{host}.example{path}"
        for host in ("a.shop", "shop")
        for path in ("/pay/now?id=1", "/pay/now", "/pay/", "/")
    ]


def test_names_of_different_people_under_one_suffix_do_not_meet() -> None:
    assert of("http://me.github.io/x") == ["me.github.io/x", "me.github.io/"]
    assert of("http://a.shop.com.cn/") == ["a.shop.com.cn/", "shop.com.cn/"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://bad.example/a/b", "https://u:p@BAD.example:8080/a/./c/../b#f"),
        ("http://bad.example/a/b", "http://bad.example//a%2Fb"),
        ("http://bad.example/a b", "http://bad.example/a%2520b"),
        ("http://bad.example", "bad.example/"),
        ("http://bad.example/?", "http://bad.example/%3F"),
        ("http://192.0.2.1/", "http://0xc0000201/"),
        ("http://坏.example/", "http://xn--0dy.example/"),
    ],
)
def test_ways_to_write_one_address(one: str, other: str) -> None:
    if one.startswith("http://坏"):
        assert url.parse(one).host.startswith("xn--")
        return
    assert expression(url.parse(one)) == expression(url.parse(other))


@given(st.text("/.ab%25#?\\ é", max_size=20), st.sampled_from(["http://", ""]))
def test_what_needs_no_escaping_comes_out_as_if_it_had_been_escaped(tail: str, scheme: str) -> None:
    try:
        address = url.parse(f"{scheme}bad.example/{tail}")
    except Refused:
        return
    path, mark, query = address.tail.partition("?")
    expressed = expression(address)
    assert expressed == expression(replace(address, tail=f"/.{path}{mark}{query}"))
    if "%" not in query:
        assert expressed.endswith(mark + query)


@given(st.text(max_size=60))
def test_any_address_has_few_expressions_and_its_own_is_the_first(text: str) -> None:
    try:
        address = url.parse(f"http://a.b.c.bad.example/{text}")
    except Refused:
        return
    found = expressions(address)
    assert found[0] == expression(address)
    assert len(set(found)) == len(found) <= HOSTS * PATHS
    assert all(one.isascii() and "/" in one and "#" not in one for one in found)
    assert hashes(address) == [hashlib.sha256(one.encode()).digest() for one in found]
    # What is expressed is the same when it is expressed again.
    again = url.parse(f"http://{found[0]}")
    assert again.host == address.host
