"""The fast reader of addresses agrees with the value type that reads them one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.link.v1.address import BARE_SUFFIX, FLAGS, HOST, HOST_END, OWN, PORT, VALID
from fanzha.detection.link.v1.names import names_table
from fanzha.errors import Refused
from fanzha.values import url

TABLE = names_table([], {})
WITH_PLATFORM = names_table(["lqzm.example"], {"hello.lqzm.example": 5})

labels = st.text("abz09-_", min_size=1, max_size=5)
suffixes = st.sampled_from(
    ["com", "com.cn", "github.io", "co.uk", "example", "ck", "www.ck", "a.b.kobe.jp",
     "city.kobe.jp", "xn--55qx5d.cn", "公司.cn", "blogspot.com", "7", "0x7f.1", "中国"]
)  # fmt: skip
hosts = st.builds(
    lambda front, end: ".".join([*front, end]), st.lists(labels, max_size=4), suffixes
)
addresses = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "http://", "https://", "HTTP://", "weixin://", "//", "http:\\\\"]),
        st.sampled_from(["", "", "me@", "me:pw@", "a@b@"]),
        st.one_of(hosts, st.just("127.0.0.1"), st.just("[::1]"), st.text(max_size=12)),
        st.sampled_from(["", "", ":80", ":8443", ":", ":x", ":99999"]),
        st.sampled_from(["", "/", "/a/b?x=http://y.example/", "?q", "#f", "\\a", "/中文"]),
    ),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(addresses, min_size=1, max_size=20))
def test_host_port_and_registered_part_agree(texts: list[str]) -> None:
    taken = TABLE.take_apart(texts)
    for row, text in enumerate(texts):
        part = taken.parts[row]
        try:
            read = url.parse(text)
        except Refused:
            assert not part[FLAGS] & VALID, text
            continue
        assert part[FLAGS] & VALID, text
        assert taken.text(row, HOST, HOST_END).strip("[]") == read.host
        own = None if part[FLAGS] & BARE_SUFFIX else taken.text(row, OWN, HOST_END).strip("[]")
        assert own == read.registrable
        if read.port is not None:
            assert part[PORT] == read.port


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=10))
def test_any_text_is_taken(texts: list[str]) -> None:
    assert len(TABLE.take_apart(texts)) == len(texts)


def test_a_platform_gives_out_names_and_a_code_belongs_to_the_longest() -> None:
    taken = WITH_PLATFORM.take_apart(["a.hello.lqzm.example", "lqzm.example", "b.lqzm.example"])
    assert taken.text(0, OWN, HOST_END) == "hello.lqzm.example"
    assert taken.parts[:, FLAGS].tolist()[1] & BARE_SUFFIX
    assert [int(code) for code in taken.parts[:, 9]] == [5, 0, 0]
