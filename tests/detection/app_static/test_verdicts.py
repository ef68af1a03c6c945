"""Verdicts on facts alone: what speaks against an app, what does not, and what was missing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.app.static.channel import Level, StaticApps, Verdict
from fanzha.detection.app.static.facts import ASKED_FOR, COLUMNS, facts_of
from tests.fixtures import POLICIES

APPS = StaticApps(POLICIES / "detection")
FILE = {"package": "org.a.b", "schemes": ["v2"]}
SENSITIVE = [
    "READ_SMS", "RECEIVE_SMS", "SEND_SMS", "READ_CONTACTS", "READ_CALL_LOG", "CALL_PHONE",
    "SYSTEM_ALERT_WINDOW", "REQUEST_INSTALL_PACKAGES", "RECEIVE_BOOT_COMPLETED", "GET_TASKS",
    "READ_PHONE_STATE", "CAMERA", "RECORD_AUDIO", "ACCESS_FINE_LOCATION",
]  # fmt: skip


def judged(**row: object) -> Verdict:
    (found,) = APPS.judge([facts_of(row)])
    return found


def codes(found: Verdict) -> set[str]:
    return {reason.code for reason in found.reasons}


@pytest.mark.parametrize(
    ("label", "package"),
    [("微信", "com.tencent.mm"), ("支付宝", "com.eg.android.AlipayGphone"),
     ("中国工商银行", "com.icbc"), ("交管12123", "com.tmri.app.main"),
     ("WhatsApp", "com.whatsapp")],
)  # fmt: skip
def test_popular_apps_may_ask_for_much(label: str, package: str) -> None:
    found = judged(label=label, package=package, version="8.0.49", min_sdk=23, target_sdk=31,
                   permissions=SENSITIVE)  # fmt: skip
    assert found.level is Level.TRUSTED
    assert found.imitates is None
    assert found.missing == ()


@pytest.mark.parametrize("target", [22, 30, 34])
def test_a_package_that_begins_as_a_banks_proves_nothing(target: int) -> None:
    found = judged(label="工商银行", package="com.icbc.bank.safe", target_sdk=target,
                   permissions=["READ_SMS", "SEND_SMS", "RECEIVE_SMS",
                                "BIND_ACCESSIBILITY_SERVICE"])  # fmt: skip
    assert found.level not in (Level.TRUSTED, None)
    assert "borrowed_package" in codes(found)
    assert found.score is not None
    assert found.score >= (0.9 if target < 23 else 0.3)


def test_no_package_without_a_certificate_speaks_for_an_app() -> None:
    for package in ("com.icbc", "com.icbc.elife", "com.tencent.mm"):
        asked = {"label": "某应用", "permissions": [], "version": "3.1", "target_sdk": 29}
        ours, other = judged(package=package, **asked), judged(package="org.a.b", **asked)
        assert ours.score is not None
        assert other.score is not None
        assert ours.score >= other.score


def test_what_was_not_read_whole_is_not_trusted() -> None:
    row = {"package": "org.fine.notes", "label": "笔记", "version": "3.2.8", "min_sdk": 24,
           "target_sdk": 34, "permissions": ["android.permission.INTERNET"]}  # fmt: skip
    whole = judged(**row, incomplete=[])
    part = judged(**row, incomplete=["code_too_much"])
    assert (whole.level, part.level) == (Level.TRUSTED, Level.UNKNOWN)
    assert part.score == whole.score
    assert part.reasons[-1].code == "not_read"
    assert "code_too_much" in part.reasons[-1].zh
    assert sum(r.part for r in part.reasons if r.part > 0) <= 1


def test_too_little_known_is_no_trust() -> None:
    for row in (
        {"label": "微信", "permissions": "READ_SMS, INTERNET"},
        {"package": "com.tencent.mm", "label": "微信"},
        {"package": "com.tencent.mm", "permissions": ["INTERNET"]},
        {"label": "工银e生活", "package": "com.icbc.elife", "permissions": ["INTERNET"]},
    ):
        assert judged(**row).level is Level.UNKNOWN


def test_what_cannot_be_read_is_named() -> None:
    nothing = judged(permissions=[None, 1, {"a": []}])
    assert (nothing.score, nothing.level, nothing.invalid) == (None, None, ("permissions",))
    row = {"package": "org.a.b", "label": "甲", "min_sdk": "abc", "permissions": [1, None]}
    assert judged(**row).invalid == ("min_sdk", "permissions")
    partly = judged(package="org.a.b", label="甲", permissions=["CAMERA", None])
    assert partly.invalid == ("permissions",)
    assert "permissions" not in partly.missing
    assert judged(package="org.a.b", label="甲", min_sdk="", permissions=[]).invalid == ()
    gaps, plain = ({"min_sdk": sdk, "target_sdk": sdk} for sdk in ("21.0", 21))
    rest = {"package": "org.a.b", "label": "甲", "version": "1.2", "permissions": ["READ_SMS"]}
    assert judged(**rest, **gaps) == judged(**rest, **plain), "as tables with gaps write numbers"
    assert judged(**rest, min_sdk="21.5").invalid == ("min_sdk",)


def test_the_same_under_another_name_is_not_popular() -> None:
    found = judged(label="微信", package="com.wx.hb.app", version="1.0", min_sdk=16,
                   target_sdk=22, permissions=SENSITIVE)  # fmt: skip
    assert found.level is Level.IMITATION
    assert found.imitates == "wechatpay"
    assert found.score is not None
    assert found.score > 0.95


@pytest.mark.parametrize(
    ("label", "package", "imitates"),
    [
        ("中国工商银行", "com.gsyh.app", "icbc"),
        ("工 商 银 行", "com.gsyh.app", "icbc"),
        ("工商银行VIP", "com.gsyh.app", "icbc"),
        ("PayPa1", "com.pay.pl.app", "paypal"),
        ("国家反诈中心", "com.fz.safe", "antifraud"),
        ("Ｂｉｎａｎｃｅ", "com.bnc.trade", "binance"),
        ("安逸花", "uni.UNI1122AAB", "msxf"),
    ],
)
def test_whom_a_label_imitates(label: str, package: str, imitates: str) -> None:
    row = {"version": "1.0", "target_sdk": 26, "permissions": ["CAMERA"]}
    found = judged(label=label, package=package, **row)
    assert found.imitates == imitates
    assert found.level is Level.IMITATION


@pytest.mark.parametrize(
    ("label", "package"),
    [("微信读书", "com.tencent.weread"), ("百度地图", "com.baidu.BaiduMap"),
     ("Google", "com.google.android.googlequicksearchbox"), ("京东金融", "com.jd.jrapp"),
     ("Apple Orchard", "org.orchard.game"), ("Wise Words", "org.words.quiz"),
     ("银行家算法", "edu.os.banker")],
)  # fmt: skip
def test_a_house_of_its_own_or_a_common_word_imitates_nobody(label: str, package: str) -> None:
    found = judged(label=label, package=package, permissions=["INTERNET"], target_sdk=33)
    assert found.imitates is None
    assert found.level is Level.TRUSTED


def test_a_package_a_slip_away() -> None:
    found = judged(label="聊天", package="com.eg.android.AlipayGphome", permissions=["INTERNET"])
    assert "near_package" in codes(found)
    assert found.imitates == "alipay"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"package": "com.qwkzjx.bvxnzp"}, "random_package"),
        ({"package": "com.example.app"}, "placeholder_package"),
        ({"package": "com.android.sysservice"}, "system_package"),
        ({"package": "uni.UNI7F2A11C"}, "generated_package"),
        ({"package": "com.tao.bao"}, "organisation_in_package"),
        ({"package": "org.a.b", "label": "System Service"}, "system_label"),
        ({"package": "org.a.b", "label": "\u200b \u3164"}, "empty_label"),
        ({"package": "org.a.b", "label": "My Application"}, "default_label"),
        ({"package": "org.a.b", "label": "违章查询"}, "scam_words"),
        ({"package": "org.a.b", "target_sdk": 14}, "old_target"),
        ({"package": "org.a.b", "version": "1.0"}, "first_version"),
        ({"package": "org.a.b", "version": "final"}, "odd_version"),
        ({"package": "org.a.b", "permissions": ["READ_SMS"]}, "permissions_sms"),
        ({"package": "org.a.b", "schemes": ["v1"], "certificates": [
            {"sha256": "0" * 64, "debug": True}]}, "debug_key"),
        ({"package": "org.a.b", "schemes": []}, "unsigned"),
        ({**FILE, "powers": ["accessibility"]}, "no_icon"),
        ({**FILE, "powers": ["accessibility"]}, "accessibility_service"),
        ({**FILE, "libraries": ["arm64-v8a/libjiagu.so"]}, "packed"),
        ({**FILE, "classes": ["com.stub.StubApp"]}, "packed"),
        ({**FILE, "classes": ["com.meiqia.core"]}, "customer_service"),
        ({**FILE, "hosts": ["chat.salesmartly.com"]}, "customer_service"),
        ({**FILE, "classes": ["com.oray.sunlogin"]}, "remote_control"),
        ({**FILE, "classes": ["io.dcloud.app"]}, "web_shell"),
        ({**FILE, "addresses": ["8.8.8.8:81"]}, "naked_address"),
        ({**FILE, "nested_apps": 2}, "carries_app"),
        ({**FILE, "tricks": ["encrypted_flag"]}, "malformed"),
    ],
)  # fmt: skip
def test_what_speaks_against_an_app(row: dict, code: str) -> None:
    found = judged(**row)
    (reason,) = [one for one in found.reasons if one.code == code]
    assert reason.part > 0
    assert reason.zh and reason.en  # noqa: PT018
    without = judged(package="org.a.b")
    assert found.score is not None
    assert without.score is not None
    assert found.score > without.score


def test_texts_are_no_offence_in_an_app_for_texts() -> None:
    asked = ["READ_SMS", "SEND_SMS", "RECEIVE_SMS", "READ_CONTACTS", "RECEIVE_BOOT_COMPLETED"]
    plain = judged(label="Orchid", package="org.orchid.app", permissions=asked)
    texts = judged(label="Orchid Messages", package="org.orchid.app", permissions=asked)
    assert plain.score is not None
    assert texts.score is not None
    assert texts.score < plain.score / 2


def test_more_permissions_that_say_nothing_change_nothing() -> None:
    few = judged(package="org.a.b", label="甲", permissions=["INTERNET"])
    more = ["INTERNET", *[f"com.vendor.permission.P{n}" for n in range(300)]]
    many = judged(package="org.a.b", label="甲", permissions=more)
    assert few.score == many.score


def test_what_was_missing_is_said() -> None:
    assert judged(package="org.a.b").missing == ASKED_FOR[1:]
    nothing = judged(id="x")
    assert (nothing.score, nothing.level, nothing.missing) == (None, None, ASKED_FOR)
    shaped = judged(
        package=7.5, label="甲", version=["1"], min_sdk="x", target_sdk=-4, permissions=3
    )
    assert shaped.missing == ("version", "min_sdk", "target_sdk", "permissions")


def test_how_facts_are_written_does_not_matter() -> None:
    full = ["android.permission.READ_SMS", "android.permission.CAMERA"]
    as_list = judged(package="org.a.b", target_sdk=26, permissions=full)
    for same in (
        "READ_SMS,CAMERA",
        "READ_SMS; CAMERA",
        '["READ_SMS", "CAMERA"]',
        "READ_SMS CAMERA",
    ):
        assert judged(package="org.a.b", target_sdk="26", permissions=same) == as_list


def test_the_parts_against_add_up_to_the_score() -> None:
    found = judged(package="com.qwkzjx.bvxnzp", label="中国工商银行", version="1.0", target_sdk=19,
                   permissions=SENSITIVE)  # fmt: skip
    against = [reason.part for reason in found.reasons if reason.part > 0]
    assert sum(against) == pytest.approx(found.score, abs=0.001)
    assert against == sorted(against, reverse=True)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | st.just("["),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), ANY, max_size=12), max_size=4))
def test_any_row_is_answered(rows: list[dict]) -> None:
    found = APPS.judge([facts_of(row) for row in rows])
    assert len(found) == len(rows)
    for one in found:
        assert one.score is None or 0.0 <= one.score <= 1.0


TEXT = st.text(max_size=30) | st.sampled_from(["微信", "com.a.b", "1.0", "贷款", "com.tencent.mm"])
ROW = st.fixed_dictionaries(
    {},
    optional={
        "package": TEXT, "label": TEXT, "version": TEXT, "min_sdk": st.integers(1, 40),
        "target_sdk": st.integers(1, 40),
        "permissions": st.lists(st.sampled_from([*SENSITIVE, "FOO", "BILLING"]), max_size=12),
    },
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_a_verdict_depends_on_its_row_alone(rows: list[dict]) -> None:
    together = APPS.judge([facts_of(row) for row in rows])
    assert together == [APPS.judge([facts_of(row)])[0] for row in rows]


@settings(max_examples=100, deadline=None)
@given(
    ROW, st.sampled_from(["READ_SMS", "INSTALL_PACKAGES", "READ_CALL_LOG", "MODIFY_PHONE_STATE"])
)
def test_a_sensitive_permission_never_lowers_the_score(row: dict, more: str) -> None:
    held = {**row, "permissions": [*row.get("permissions", ["INTERNET"]), "CAMERA"]}
    before = judged(**held)
    after = judged(**{**held, "permissions": [*held["permissions"], more]})
    assert before.score is not None
    assert after.score is not None
    # An app about money with few permissions is told as a shell around a page; with more it is not.
    if "scam_words_unpublished" not in codes(before):
        assert after.score >= before.score
