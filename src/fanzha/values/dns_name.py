"""DNS names: IDNA to ASCII, and the part of a name that somebody registered."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import idna

from fanzha.values.writing import fold, refused

if TYPE_CHECKING:
    import tldextract

#: Letters, digits, hyphens, and the underscore of service names; hyphens not at an end.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
#: Full stops of Chinese and Japanese writing that resolvers take as dots.
DOTS = str.maketrans("。．｡", "...")


@dataclass(frozen=True, slots=True)
class DnsName:
    """`normal` is small ASCII letters without the final dot: `xn--fiq228c.example`."""

    normal: str

    @property
    def registrable(self) -> str | None:
        """What one registrant holds: `shop.example` of `a.b.shop.example`; None for a bare suffix.

        After the public suffix list that ships with tldextract, its private part included: names
        given out under `github.io` belong to different people.
        """
        return registrable(self.normal)

    @property
    def mask(self) -> str:
        """Names are public: shown in full."""
        return self.normal


def parse(text: str) -> DnsName:
    name = fold(text).translate(DOTS)
    name = name.removesuffix(".").lower()
    if not name.isascii():
        name = ".".join(map(_to_ascii, name.split(".")))
    if not name or len(name) > 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        raise refused(
            "dns_name_form",
            "不是有效的域名",
            "not a DNS name: labels of 1 to 63 letters, digits and hyphens, 253 in all",
            "dns_name",
        )
    if name.rpartition(".")[2].isdigit():
        raise refused(
            "dns_name_number",
            "以数字结尾的是地址而不是域名",
            "what ends in a number is an address, not a name",
            "dns_name",
        )
    return DnsName(name)


def _to_ascii(label: str) -> str:
    """IDNA 2008 where the label is valid; else plain punycode, as resolvers meet emoji names."""
    if not label or label.isascii():
        return label
    try:
        return idna.encode(label, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        return "xn--" + label.encode("punycode").decode("ascii").lower()
    except UnicodeError:
        return ""


@functools.cache
def _suffixes() -> tldextract.TLDExtract:
    """The list inside the package: no download, no cache folder. Read at the first use."""
    import tldextract

    return tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
    )


@functools.lru_cache(maxsize=65_536)
def registrable(name: str) -> str | None:
    """The registrable part of a normal name; a suffix not in the list counts as one label."""
    labels = name.split(".")
    if len(labels) < 2:
        return None
    found = _suffixes().extract_str(name)
    if found.suffix:
        return f"{found.domain}.{found.suffix}" if found.domain else None
    return ".".join(labels[-2:])
