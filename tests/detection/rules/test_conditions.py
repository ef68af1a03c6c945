"""Conditions: what is taken means what it says, what is not is refused with its place."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fanzha.detection.account.v1.channel import HOLDER_SCHEMA, PAYER_SCHEMA
from fanzha.detection.app.v1.channel import APP_SCHEMA
from fanzha.detection.call.v1.schema import CALLEE_SCHEMA, CALLER_SCHEMA
from fanzha.detection.link.v1.columns import LINK_SCHEMA
from fanzha.detection.person.v1.episode import FACTS
from fanzha.detection.rules.complete import complete
from fanzha.detection.rules.grammar import FUNCTIONS, parse
from fanzha.detection.rules.measure import Kind
from fanzha.detection.rules.names import load_catalogue
from fanzha.detection.rules.tokens import KEYWORDS, RuleRefused
from fanzha.detection.signal_file import load_signals
from fanzha.detection.text.v1.channel import RECIPIENT_SCHEMA, SENDER_SCHEMA
from fanzha.detection.thin.written import thin
from tests.fixtures import POLICIES

CATALOGUE = load_catalogue(POLICIES / "workshop" / "names.yaml")
PAYER = CATALOGUE.channel("transfer_payer")
_PERSON = {name: kind for name, (kind, _) in FACTS.items()}
MADE = {
    "call_caller": ("detection/call-v1-caller.yaml", CALLER_SCHEMA),
    "call_callee": ("detection/call-v1-callee.yaml", CALLEE_SCHEMA),
    "transfer_payer": ("detection/account-v1-payer.yaml", PAYER_SCHEMA),
    "transfer_holder": ("detection/account-v1-holder.yaml", HOLDER_SCHEMA),
    "text_recipient": ("text/text-v1-recipient.yaml", RECIPIENT_SCHEMA),
    "text_sender": ("text/text-v1-sender.yaml", SENDER_SCHEMA),
    "link": ("detection/link-v1.yaml", LINK_SCHEMA),
    "app": ("detection/app-v1.yaml", APP_SCHEMA),
    "person": ("detection/person-v1.yaml", _PERSON),
}


@pytest.mark.parametrize("code", MADE)
def test_every_published_name_is_made_by_its_channel_in_its_kind(code: str) -> None:
    """Derived names too: the caller's stand in the callee's frame, for it scores them first."""
    probe = pl.DataFrame(schema=dict(MADE[code][1]))
    files = [MADE[code][0]] + (["detection/call-v1-caller.yaml"] if code == "call_callee" else [])
    for file in reversed(files):
        spoken = ("caller_why", "payee_why", "site", "organisation", "bait", "in_path", "call_why",
                  "text_why", "link_why", "app_name", "link_name")  # fmt: skip
        loaded = load_signals(POLICIES / file, dict(probe.schema), spoken=spoken)
        for derived in loaded.derived:
            probe = probe.with_columns(derived.value.alias(derived.name))
    for name in CATALOGUE.channel(code).names.values():
        made = probe.schema[name.name]
        if name.type.kind is Kind.TRUTH:
            assert made == pl.Boolean, name.name
        elif name.type.kind is Kind.NUMBER:
            assert made.is_numeric(), name.name
        else:
            assert made in (pl.String, pl.Enum), name.name


@pytest.mark.parametrize("code", MADE)
def test_every_published_name_can_be_asked_for(code: str) -> None:
    channel = CATALOGUE.channel(code)
    for name in channel.names.values():
        condition = parse(f"{name.name} IS NOT NULL", channel)
        assert channel.probe.select(x=pl.sql_expr(condition.sql)).schema["x"] == pl.Boolean
        assert complete(name.name, channel)[0].text == name.name


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("amount_fen >= 5000 yuan", [False, True, True]),
        ("amount_fen >= 0.5 wan AND payee_new", [False, True, False]),
        ("amount_fen BETWEEN 5000 元 AND 5000.01 元", [False, True, False]),
        ("since_in_s < 30 min", [True, False, False]),
        ("since_in_s < 30 分钟 OR payee_kind IN ('merchant', 'cash')", [True, False, True]),
        ("NOT payee_new", [False, False, True]),
        ("left_share > 90 %", [False, True, False]),
        ("amount_fen / in_fen_24h > 0.5", [True, False, True]),
        ("payee LIKE '6217%'", [True, False, False]),
        ("GREATEST(in_n_24h, out_n_24h) * 2 >= 6", [True, False, True]),
        ("payee_kind != 'unheard of'", [True, True, True]),
        ("left_share IS NULL", [False, False, True]),
        ("-amount_fen < -4999 yuan", [False, True, True]),
    ],
)
def test_what_a_condition_means(text: str, rows: list[bool]) -> None:
    frame = pl.DataFrame(
        {
            "amount_fen": [100, 500_000, 900_000],
            "since_in_s": [60.0, 1800.0, None],
            "payee_new": [True, True, False],
            "payee_kind": ["bank", "bank", "cash"],
            "left_share": [0.1, 0.95, None],
            "in_fen_24h": [150.0, 5e6, 1e6],
            "payee": ["6217000", "6222000", "6228000"],
            "in_n_24h": [1.0, 2.0, 3.0],
            "out_n_24h": [3.0, 1.0, 1.0],
        }
    )
    truth = pl.sql_expr(parse(text, PAYER).sql).fill_null(value=False)
    assert frame.select(x=truth)["x"].to_list() == rows


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("amount_fen > 30 min", "rule_units", "30 min"),
        ("since_in_s < 5000 yuan", "rule_units", "5000"),
        ("amount_fen + since_in_s > 1", "rule_units", "since_in_s"),
        ("amount_fen * in_fen_24h > 1", "rule_units", "in_fen_24h"),
        ("LEAST(amount_fen, since_in_s) > 1", "rule_units", "since_in_s"),
        ("amont_fen > 1", "rule_name_unknown", "amont_fen"),
        ("payee_new > 3", "rule_type", "3"),
        ("payee_kind > 3", "rule_type", "3"),
        ("amount_fen", "rule_type", "amount_fen"),
        ("payee_new AND amount_fen", "rule_type", "amount_fen"),
        ("payee_new; DROP TABLE x", "rule_sign", ";"),
        ("payee_new -- x", "rule_name_unknown", "x"),
        ("amount_fen > (SELECT 1)", "rule_name_unknown", "SELECT"),
        ("READ_CSV('x') = 1", "rule_function", "READ_CSV"),
        ("payee_new AND", "rule_syntax", ""),
        ("", "rule_syntax", ""),
        ("1 = 1", "rule_no_name", "1"),
        ("payee LIKE payer", "rule_syntax", "payer"),
        ("payee_new" + " AND payee_new" * 300, "rule_too_long", ""),
        ("(" * 60 + "payee_new" + ")" * 60, "rule_too_deep", ""),
        ("abs(" * 199 + "amount_fen", "rule_too_deep", "abs"),
        ("abs(" * 60 + "amount_fen" + ")" * 60 + " > 1", "rule_too_deep", "abs"),
    ],
)
def test_what_is_refused_and_where(text: str, code: str, place: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        parse(text, PAYER)
    assert refused.value.code == code
    assert text[refused.value.at :].startswith(place)
    assert refused.value.zh
    assert refused.value.en


@pytest.mark.parametrize("text", [
    " AND ".join(f"amount_fen <> {n}" for n in range(95)),
    " OR ".join(f"amount_fen = {n}" for n in (*range(94), 500)),
    "+".join(["amount_fen"] * 170) + " = 85000",
    "amount_fen" + "*1" * 100 + " - 100 - 100 - 100 = 200",
])  # fmt: skip
def test_many_parts_side_by_side_are_worked_out(text: str) -> None:
    condition = parse(text, PAYER)
    frame = PAYER.probe.select("amount_fen").vstack(pl.DataFrame({"amount_fen": [500.0, 7.5]}))
    assert frame.select(x=pl.sql_expr(condition.sql))["x"].to_list() == [True, "AND" in text]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("amount_fen * 18446744073709551 > 0", True),
        ("amount_fen + 1000000000000000 * 9000 < 0", False),
        ("0 - 1000000000000000 * 9000 - amount_fen - amount_fen < 0", True),
        ("ABS(-amount_fen - 1000000000000000 * 9000) > 0", True),
        ("2 * (amount_fen + amount_fen) > amount_fen", True),
        ("amount_fen * 1000000000 * 1000000000 > amount_fen", True),
        ("(amount_fen * 4) / 4 = amount_fen", True),
    ],
)
def test_whole_numbers_do_not_wrap(text: str, holds: bool) -> None:
    """Neither in the engine nor where a few rows are answered without it."""
    when = pl.sql_expr(parse(text, PAYER).sql)
    amounts = [2**62, 9_000_000_000_000_000_000, 3_000_000_000]
    frame = pl.DataFrame({"amount_fen": amounts}, schema={"amount_fen": pl.Int64})
    assert frame.select(x=when)["x"].to_list() == [holds] * len(amounts)
    few = thin(frame.schema, [], [when])
    if few is not None:
        assert few.answers(frame) == ([], [(holds,)] * len(amounts))


def test_small_whole_columns_do_not_wrap_either() -> None:
    """A count of 32 bits times a number beyond them."""
    when = pl.sql_expr(parse("parts_in_front * 3000000000 > 0", CATALOGUE.channel("link")).sql)
    frame = pl.DataFrame(
        {"parts_in_front": [3, 2_000_000_000]}, schema={"parts_in_front": pl.Int32}
    )
    assert frame.select(x=when)["x"].to_list() == [True, True]


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(RuleRefused) as refused:
        parse("payee_is_new", PAYER)
    assert "payee_new" in refused.value.near


_WORDS = st.sampled_from(
    [*PAYER.names, *FUNCTIONS, *(k.upper() for k in KEYWORDS), "5", "0.1", "30 min", "5 wan", "%",
     "(", ")", ",", "<", "=", "*", "/", "-", "'a'", "'", ";", "--", "/*", "\\", "万元"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=14).map(" ".join)))
@example("amount_fen > 999999999999999999 wan")
@example("amount_fen / 0 > 1")
def test_whatever_is_written_is_refused_or_can_be_run(text: str) -> None:
    try:
        condition = parse(text, PAYER)
    except RuleRefused as error:
        refused: RuleRefused | None = error
    else:
        refused = None
    if refused is not None:
        assert 0 <= refused.at <= max(len(text), 2_000)
        return
    rows = pl.DataFrame(
        {
            n.name: pl.Series(
                [None, 0.0, -1.0] if n.type.kind is Kind.NUMBER
                else [None, "", "a"] if n.type.kind is Kind.TEXT else [None, True, False],
                dtype=PAYER.probe.schema[n.name],
            )
            for n in PAYER.names.values()
        }
    )  # fmt: skip
    assert rows.select(x=pl.sql_expr(condition.sql)).schema["x"] == pl.Boolean
