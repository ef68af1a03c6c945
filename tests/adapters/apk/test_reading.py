"""APKs built here, read in the process with limits: the facts that went in come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fanzha.adapters.apk.reader import ApkReader
from fanzha.detection.app.static.facts import facts_of
from tests.adapters.apk.building import (
    ICON,
    LABEL,
    apk,
    dex,
    key,
    manifest,
    receiver,
    resources,
    service,
)


@pytest.fixture(scope="module")
def reader() -> Iterator[ApkReader]:
    with ApkReader(["邀请码", "invitecode"]) as opened:
        yield opened


def _read(reader: ApkReader, folder: Path, data: bytes) -> dict:
    path = folder / "sample.apk"
    path.write_bytes(data)
    return reader.read(path)


def test_the_manifest(reader: ApkReader, tmp_path: Path) -> None:
    asked = ["android.permission.READ_SMS", "android.permission.CAMERA"]
    facts = _read(
        reader,
        tmp_path,
        apk(manifest("com.xinyi.one", "甲应用", "2.0.1", 19, 28, asked)),
    )
    assert (facts["package"], facts["label"], facts["version"]) == (
        "com.xinyi.one",
        "甲应用",
        "2.0.1",
    )
    assert (facts["min_sdk"], facts["target_sdk"], facts["version_code"]) == (19, 28, 3)
    assert facts["permissions"] == asked
    assert facts["powers"] == ["launcher"]
    assert facts["incomplete"] == []
    assert facts["tricks"] == []
    assert facts["schemes"] == []


def test_what_components_are_for(reader: ApkReader, tmp_path: Path) -> None:
    parts = [
        service(".Eye", "BIND_ACCESSIBILITY_SERVICE"),
        service("Ear", "BIND_NOTIFICATION_LISTENER_SERVICE"),
        service("com.other.Tunnel", "BIND_VPN_SERVICE"),
        receiver(".Boot", "android.intent.action.BOOT_COMPLETED"),
        receiver(".Text", "android.provider.Telephony.SMS_RECEIVED"),
    ]
    facts = _read(reader, tmp_path, apk(manifest("com.xinyi.two", components=parts)))
    assert set(facts["powers"]) == {
        "accessibility", "notification_listener", "vpn", "boot", "sms_receiver", "launcher",
    }  # fmt: skip
    assert {"com.xinyi.two.Eye", "com.xinyi.two.Ear", "com.other.Tunnel"} <= set(
        facts["components"]
    )


def test_names_in_the_resource_table(reader: ApkReader, tmp_path: Path) -> None:
    table = resources("com.xinyi.sample", {"": "Sample Pay", "zh": "样例支付"}, "res/i.png")
    facts = _read(
        reader,
        tmp_path,
        apk(manifest(label=LABEL, icon=ICON), {"resources.arsc": table, "res/i.png": b"picture"}),
    )
    assert facts["label"] == "样例支付"
    assert set(facts["labels"]) == {"Sample Pay", "样例支付"}
    assert len(facts["icon"]) == 64


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_who_signed_it(reader: ApkReader, tmp_path: Path, scheme: str) -> None:
    signer = key("Android Debug" if scheme == "v1" else "Xinyi")
    facts = _read(reader, tmp_path, apk(manifest(), **{scheme: signer}))
    (found,) = facts["certificates"]
    assert facts["schemes"] == [scheme]
    assert found["sha256"] == signer.sha256
    assert found["debug"] is (scheme == "v1")
    assert found["self_signed"] is True
    assert (found["valid_from"], found["valid_to"][:4]) == ("2024-01-01", "2048")


def test_what_code_and_pages_give_away(reader: ApkReader, tmp_path: Path) -> None:
    code = dex(
        [
            "Lcom/meiqia/core/Chat;", "Ldalvik/system/DexClassLoader;", "请输入邀请码",
            "https://api.kuaidai.example/v1", "http://user@8.8.4.4:8080/x", "192.168.1.1:80",
            "TN3W4H6rK2ce4vX9YnFQHwKENnHjoxb3m9", "version 10.1.2.3",
        ]
    )  # fmt: skip
    page = b'{"start":"https://h5.kuaidai.example/index.html"}'
    files = {"classes.dex": code, "assets/app/config.json": page, "lib/arm64-v8a/libjiagu.so": b"x",
             "lib/x86/libjiagu.so": b"x", "assets/more.apk": b"PK"}  # fmt: skip
    facts = _read(reader, tmp_path, apk(manifest(), files))
    assert facts["hosts"] == ["api.kuaidai.example", "h5.kuaidai.example"]
    assert facts["addresses"] == ["8.8.4.4:8080"]  # a private address is nobody's
    assert facts["wallets"] == ["TN3W4H6rK2ce4vX9YnFQHwKENnHjoxb3m9"]
    assert {"com.meiqia.core", "dalvik.system.DexClassLoader"} <= set(facts["classes"])
    assert facts["words"] == ["邀请码"]
    assert facts["libraries"] == ["arm64-v8a/libjiagu.so", "x86/libjiagu.so"]
    assert facts["abis"] == ["arm64-v8a", "x86"]
    assert facts["nested_apps"] == 1
    assert facts["dex"]["files"] == 1


def test_facts_are_read_back_as_they_are_written(reader: ApkReader, tmp_path: Path) -> None:
    files = {"classes.dex": dex([f"a string of some length {n}" for n in range(300)])}
    facts = _read(reader, tmp_path, apk(manifest(), files, v2=key()))
    held = facts_of(facts)
    assert held.missing == ()
    assert held.from_file
    assert held.certificates is not None
    assert held.strings is not None
    assert len(held.strings) == 64


def test_many_files_are_read_by_one_process(reader: ApkReader, tmp_path: Path) -> None:
    for n in range(5):
        facts = _read(reader, tmp_path, apk(manifest(f"com.xinyi.n{n}")))
        assert facts["package"] == f"com.xinyi.n{n}"
