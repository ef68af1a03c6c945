"""`fanzha audit` and `fanzha keys`: is the record whole, sign its ends, seal everything anew."""

from __future__ import annotations

import time

import typer

from fanzha.bootstrap import Parts, utc_now
from fanzha.errors import Refused
from fanzha.settings import load

app = typer.Typer(help="经办记录的哈希链。The hash chains of deeds.", no_args_is_help=True)
keys = typer.Typer(help="密封用的密钥。The keys that seal.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """核验每条链，并与库外签名链首比对。Check every chain, and against the signed heads."""
    from fanzha.adapters.postgres import audit
    from fanzha.adapters.sealing.keyring import verify_signature

    parts = Parts(load())
    key = parts.keyring.public_key
    reports = audit.verify(
        parts.database, parts.heads_file, lambda data, sign: verify_signature(key, data, sign)
    )
    for report in reports:
        mark = "✓" if report.whole else "✗"
        print(f"{mark} {report.chain:<8} {report.length:>8}  {report.zh} {report.en}")
    if not reports:
        print("还没有经办记录 there are no deeds yet")
    raise typer.Exit(0 if all(r.whole for r in reports) else 1)


@app.command()
def sign() -> None:
    """立即签署各链链首。Sign the end of every chain now; the worker does so daily."""
    from fanzha.adapters.postgres import audit

    parts = Parts(load())
    count = audit.sign_heads(parts.database, parts.heads_file, parts.keyring.sign, utc_now())
    print(f"已签署 signed: {count} → {parts.heads_file}")


@keys.command()
def rotate() -> None:
    """启用新密钥；旧密钥仍可解封。A new key seals from now on; old ones still open."""
    parts = Parts(load())
    parts.keyring.rotated().save(parts.keyring_file)
    print("新密钥已启用，运行中的各进程会自行改用；接下来运行 fanzha keys reseal")
    print("the new key is in place, running processes take it up; next: fanzha keys reseal")


@keys.command()
def reseal() -> None:
    """用当前密钥重新密封全部内容。Seal everything anew under the current key."""
    _reseal(Parts(load()))


@keys.command()
def retire() -> None:
    """全部重新密封并确认后弃用旧密钥。Let go of old keys, once nothing is sealed by them."""
    from fanzha.adapters.postgres import reseal as work
    from fanzha.adapters.sealing.keyring import SETTLED_S

    parts = Parts(load())
    old = parts.keyring.old_keys
    if not old:
        print("没有旧密钥 there are no old keys")
        return
    print(f"等待各进程改用当前密钥 waiting for processes to seal by the current key: {SETTLED_S} s")
    time.sleep(SETTLED_S)
    work.wait_for_writers(parts.database)
    _reseal(parts)
    if left := work.count_stale(parts.database, parts.keyring):
        raise Refused(
            "still_sealed_by_old_keys",
            zh=f"仍有 {left} 项由旧密钥密封，旧密钥已保留；请查看是否有进程读不到密钥文件",
            en=f"{left} values are still sealed by old keys, which were kept;"
            " see whether a process cannot read the key file",
        )
    print("已确认没有内容由旧密钥密封 nothing is sealed by an old key")
    parts.keyring.without_old_keys().save(parts.keyring_file)
    print(f"已弃用旧密钥 old keys let go of: {old}")


def _reseal(parts: Parts) -> None:
    from fanzha.adapters.postgres import reseal as work

    totals: dict[str, int] = {}

    def tell(table: str, count: int) -> None:
        totals[table] = totals.get(table, 0) + count

    total = work.reseal(parts.database, parts.keyring, tell)
    for table, count in totals.items():
        print(f"  {table:<14} {count:>8}")
    print(f"已重新密封 sealed anew: {total}")
