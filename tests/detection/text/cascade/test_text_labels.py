"""Labels are read by what they say; what cannot be told is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.labels import read_labels
from fanzha.errors import Refused

TAXONOMY = load_taxonomy(Path(__file__).parents[4] / "policies" / TAXONOMY_FILE)


@pytest.mark.parametrize(
    ("labels", "fraud", "classes"),
    [
        (["0", "1"], {"1"}, ()),
        (["true", "false"], {"true"}, ()),
        (["ham", "spam", "smishing"], {"smishing"}, ("ham", "smishing", "spam")),
        (["FR", "IL", "AD", "Other"], {"FR"}, ("AD", "FR", "IL", "Other")),
        (["FR_Financial", "AD_Loan", "IL_Gambling"], {"FR_Financial"},
         ("AD_Loan", "FR_Financial", "IL_Gambling")),
        (["normal", "loan", "public_security"], {"loan", "public_security"},
         ("loan", "normal", "public_security")),
        (["GJF01", "BH", "正常"], {"GJF01"}, ("BH", "GJF01", "正常")),
        (["诈骗", "非诈骗"], {"诈骗"}, ()),
    ],
)  # fmt: skip
def test_labels_say_fraud_or_not(
    labels: list[str], fraud: set[str], classes: tuple[str, ...]
) -> None:
    read = read_labels(labels * 2, TAXONOMY)
    assert {name for name, said in read.fraud.items() if said} == fraud
    assert read.classes == classes


def test_a_name_no_rule_knows_is_said_to_be_assumed() -> None:
    assert read_labels(["normal", "loan"], TAXONOMY).assumed == ("loan",)
    assert read_labels(["normal", "scam"], TAXONOMY).assumed == ()


def test_the_user_may_say_which_labels_are_fraud() -> None:
    read = read_labels(["a", "b", "c"], TAXONOMY, ["B"])
    assert read.fraud == {"a": False, "b": True, "c": False}


@pytest.mark.parametrize("labels", [["a", "b"], ["ham", "normal"], ["fraud"], []])
def test_labels_that_do_not_part_fraud_from_the_rest_are_refused(labels: list[str]) -> None:
    with pytest.raises(Refused):
        read_labels(labels, TAXONOMY)
