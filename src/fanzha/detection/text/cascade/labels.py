"""What a user's labels mean: which of them say fraud on the reader, which are names of classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fanzha.detection.taxonomy import Taxonomy
from fanzha.detection.text.v1.steps import GREY
from fanzha.errors import Refused

__all__ = ["Labels", "read_labels"]

_YES = {
    "1", "1.0", "true", "yes", "y", "t", "fraud", "fraudulent", "scam", "scams", "smishing",
    "phishing", "vishing", "spoofing", "positive", "诈骗", "欺诈", "涉诈", "诈骗短信", "是", "fr",
}  # fmt: skip
_NO = {
    "0", "0.0", "-1", "false", "no", "n", "f", "ham", "normal", "benign", "legit", "legitimate",
    "safe", "genuine", "clean", "spam", "ad", "ads", "advert", "advertisement", "promotion", "il",
    "illegal", "grey", "gray", "other", "others", "none", "negative", "正常", "非诈骗", "广告",
    "垃圾短信", "骚扰", "其他", "否", "灰产", "黑灰产",
}  # fmt: skip
_PLAIN_NO = {"0", "0.0", "-1", "false", "no", "n", "f", "none", "negative", "否"}
_YES_BEGINS = ("fr_", "fr-", "fraud", "scam", "phish", "smish")
_NO_BEGINS = (
    "ad_",
    "ad-",
    "il_",
    "il-",
    "ham_",
    "normal_",
    "benign_",
    "non",
    "not_",
    "not ",
    "no_",
)


@dataclass(frozen=True)
class Labels:
    """Each distinct label with whether it says fraud.

    `classes` are the user's own class names, in order; empty where the labels only say yes or no.
    `assumed` are labels that no rule knows, taken for fraud because others say what is not.
    """

    fraud: dict[str, bool]
    classes: tuple[str, ...]
    assumed: tuple[str, ...]

    def is_fraud(self, label: str) -> bool:
        return self.fraud[label]


def read_labels(found: Sequence[str], taxonomy: Taxonomy, named: Collection[str] = ()) -> Labels:
    """Tell which of the distinct labels `found` say fraud.

    `named` are labels the user says are fraud; then every other label is not. Without it: 0/1 and
    their like, `fraud`, `scam`, `smishing`, `FR_…`, scam types and main classes say fraud; `ham`,
    `normal`, `spam`, `AD_…`, `IL_…`, `other` and the grey trade do not. A name that no rule knows
    is fraud where some other label is known not to be. Raises `Refused` where nothing tells.
    """
    distinct = sorted(set(found))
    if named:
        wanted = {name.strip().casefold() for name in named}
        fraud = {one: one.strip().casefold() in wanted for one in distinct}
        assumed: list[str] = []
    else:
        rules = {one: _rule(one, taxonomy) for one in distinct}
        assumed = [one for one, rule in rules.items() if rule is None]
        if assumed and not any(rule is False for rule in rules.values()):
            raise Refused(
                "labels_unclear",
                zh="看不出哪些标签是诈骗：请用 --fraud 指明",
                en="which labels say fraud cannot be told: name them with --fraud",
                field="label",
            )
        fraud = {one: rule is not False for one, rule in rules.items()}
    if len(set(fraud.values())) < 2:
        raise Refused(
            "labels_one_sided",
            zh="标签里要既有诈骗也有非诈骗；可用 --fraud 指明哪些是诈骗",
            en="labels must say fraud of some texts and not of others; --fraud names those that do",
            field="label",
        )
    plain = all(_bare(one) for one in distinct)
    return Labels(fraud, () if plain or len(distinct) < 3 else tuple(distinct), tuple(assumed))


def _rule(label: str, taxonomy: Taxonomy) -> bool | None:
    said = label.strip().casefold()
    code = label.strip().upper()
    if taxonomy.known(code) and code != "AD":
        return taxonomy.main_of(code) != GREY
    if said in _NO or said.startswith(_NO_BEGINS) or said.startswith(("正常", "非")):
        return False
    if said in _YES or said.startswith(_YES_BEGINS) or "诈" in said or "骗" in said:
        return True
    return None


def _bare(label: str) -> bool:
    said = label.strip().casefold()
    return said in _PLAIN_NO or said in {"1", "1.0", "true", "yes", "y", "t", "是", "positive"}
