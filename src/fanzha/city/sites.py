"""Names on the network: what residents visit every day, and the look-alikes of scammers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.city.organisations import Organisation
from fanzha.city.rhythm import Ints
from fanzha.values import reserved

_HEADS = (
    "sunny", "lan", "hai", "qing", "star", "best", "my", "go", "top", "new", "happy", "city",
    "fresh", "book", "home", "cloud", "data", "mini", "super", "easy", "quick", "wan", "yun",
    "xin", "le", "you", "mei", "feng",
)  # fmt: skip
_TAILS = (
    "mall", "news", "blog", "tv", "travel", "jiaoyu", "video", "food", "yiyao", "car", "fang",
    "job", "xiaoshuo", "game", "photo", "tools", "shop", "club", "forum", "wenku", "music",
    "sport", "stock", "baby", "tech",
)  # fmt: skip
_SUBS = ("", "", "", "www.", "m.", "img.", "api.", "h5.", "act.", "static.")
_PATHS = (
    "",
    "",
    "/",
    "/index.html",
    "/a/{n}",
    "/item?id={n}",
    "/s?wd={n}",
    "/d/{n}.html",
    "/app",
    "/v/{n}",
)
_TRICKS = (
    "{b}-{w}",
    "{b}{w}",
    "{w}-{b}",
    "{b}{d}",
    "{x}",
    "{x}-{w}",
    "m-{b}-{w}",
    "{b}.{r}",
    "{w}.{b}.{r}",
)
_WORDS = {
    "task": ("task", "renwu", "dianzan", "fuli", "vip"),
    "stock": ("vip", "zhibo", "touzi", "pro", "trade"),
    "loan": ("edu", "daikuan", "kuaidai", "cash", "loan"),
    "claim": ("lipei", "kefu", "tuikuan", "pay", "service"),
    "cancel": ("kefu", "baozhang", "guanbi", "service", "safe"),
    "law": ("gov", "xiecha", "anquan", "case", "online"),
    "gift": ("gift", "liwu", "huiyuan", "free", "lingqu"),
    "coin": ("coin", "ex", "wallet", "otc", "usdt"),
    "card": ("card", "tie", "kazx", "credit", "apply"),
    "gov": ("gov", "yibao", "shebao", "renzheng", "etc"),
    "guard": ("fanzha", "guard", "hecha", "safe", "gov"),
    "shop": ("sale", "outlet", "mall", "zhigou", "shop"),
    "second": ("ershou", "xianyu", "order", "danbao", "item"),
    "game": ("game", "jiaoyi", "hao", "trade", "play"),
    "date": ("love", "yuan", "chat", "live", "meet"),
    "prize": ("prize", "choujiang", "zhongjiang", "award", "lucky"),
    "bank": ("bank", "jifen", "wap", "ebank", "points"),
    "job": ("job", "jianzhi", "dan", "pay", "work"),
}
_SWAPS = (
    ("o", "0"),
    ("l", "1"),
    ("i", "1"),
    ("n", "nn"),
    ("u", "v"),
    ("an", "am"),
    ("a", "aa"),
    ("g", "q"),
)


@dataclass(slots=True)
class Sites:
    """`benign` holds URL prefixes by popularity; organisations' own names stand first."""

    benign: list[str] = field(default_factory=list)
    weights: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    taken: set[str] = field(default_factory=set)

    def benign_links(self, rng: np.random.Generator, n: int) -> pa.Array:
        """Links to everyday sites, with and without scheme, some through short names."""
        return _joined(rng, self.benign, self._popular(rng, n))

    def own_links(self, rng: np.random.Generator, hosts: list[str], pick: Ints) -> pa.Array:
        """Links to hosts that are given."""
        return _joined(rng, hosts, pick)

    def _popular(self, rng: np.random.Generator, n: int) -> Ints:
        count = len(self.benign)
        return np.minimum((count ** rng.random(n)).astype(np.int64) - 1, count - 1)

    def lookalike(
        self, rng: np.random.Generator, kind: str, targets: tuple[Organisation, ...]
    ) -> str:
        """A new name that resembles one of the organisations, or only says what it sells."""
        while True:
            label = targets[int(rng.integers(len(targets)))].label if targets else "vip"
            name = _trick(rng, kind, label)
            if name not in self.taken:
                self.taken.add(name)
                return name


def open_sites(rng: np.random.Generator, organisations: tuple[Organisation, ...]) -> Sites:
    """The network as it stands before any scam."""
    sites = Sites()
    own = [o.dns_name for o in organisations]
    sites.taken.update(own)
    plain: list[str] = []
    while len(plain) < 1_500:
        head, tail = _HEADS[rng.integers(len(_HEADS))], _TAILS[rng.integers(len(_TAILS))]
        shape = int(rng.integers(8))
        digits = str(rng.integers(10, 1000)) if shape in (1, 5) else ""
        middle = ("", "", "-", "", "-", "-", "", "")[shape]
        label = f"{head}{middle}{tail}{digits}"
        if shape == 6:
            label = "".join(chr(97 + c) for c in rng.integers(26, size=rng.integers(3, 7)))
        if shape == 7 and len(own):
            label = f"{organisations[rng.integers(len(organisations))].label}-{tail}"
        name = reserved.dns_name(label)
        if name not in sites.taken:
            sites.taken.add(name)
            plain.append(name)
    mixed = own + plain[:120]
    order = rng.permutation(len(mixed))
    sites.benign = [mixed[i] for i in order] + plain[120:]
    return sites


def _trick(rng: np.random.Generator, kind: str, label: str) -> str:
    words = _WORDS[kind]
    word = words[rng.integers(len(words))]
    swap = _SWAPS[rng.integers(len(_SWAPS))]
    near = label.replace(swap[0], swap[1], 1)
    near = near if near != label else label + "s"
    letters = "".join(chr(97 + c) for c in rng.integers(26, size=5))
    trick = _TRICKS[rng.integers(len(_TRICKS))]
    filled = trick.format(b=label, w=word, d=rng.integers(10, 9999), x=near, r=letters)
    return reserved.dns_name(filled)


def _joined(rng: np.random.Generator, hosts: list[str], pick: Ints) -> pa.Array:
    n = len(pick)
    schemes = pa.array(["", "https://", "https://", "http://"])
    host = pa.array(hosts, pa.string()).take(pa.array(pick))
    sub = pa.array(_SUBS).take(pa.array(rng.integers(len(_SUBS), size=n)))
    path = pa.array(_PATHS).take(pa.array(rng.integers(len(_PATHS), size=n)))
    number = pc.cast(pa.array(rng.integers(10, 10**7, size=n)), pa.string())
    scheme = schemes.take(pa.array(rng.integers(4, size=n)))
    head, tail = pc.split_pattern(path, "{n}"), pc.match_substring(path, "{n}")
    first = pc.list_element(head, 0)
    rest = pc.if_else(
        tail,
        pc.binary_join_element_wise(number, pc.replace_substring_regex(path, r"^.*\{n\}", ""), ""),
        "",
    )
    return pc.binary_join_element_wise(scheme, sub, host, first, rest, "")
