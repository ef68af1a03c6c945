"""What texts, visits and apps add to an episode."""

from __future__ import annotations

from collections.abc import Mapping

from fanzha.detection.finding import SubjectKind
from fanzha.detection.person.risk import Context, Flow
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import Happening, why, write
from fanzha.errors import Refused
from fanzha.values import url
from fanzha.values.writing import fold


def take_text(episode: Episode, it: Happening) -> bool:
    finding = it.finding
    if finding is None:
        return False
    episode.touched(it.at)
    chat = it.row["channel"] in ("chat", "transcript")
    episode.add("chats_n" if chat else "texts_n")
    episode.raise_to("text_score", finding.score)
    episode.say("text_why", why(finding), finding.score)
    if it.row["sender_key"]:
        episode.remember("numbers", it.row["sender_key"])
    for other in finding.related:
        if other.kind is SubjectKind.DNS_NAME:
            episode.remember("names", other.value)
            episode.facts["link_texted"] |= other.value in episode.opened
    zh, en = (
        ("收到涉诈聊天消息", "got a suspected chat message")
        if chat
        else ("收到涉诈短信", "got a suspected text")
    )
    write(episode, it, Flow.NETWORK, zh, en, SubjectKind.NUMBER, it.row["sender"])
    return True


def take_visit(episode: Episode, it: Happening) -> bool:
    finding = it.finding
    if finding is None:
        return _named(episode, it)
    names = [r.value for r in finding.related if r.kind is SubjectKind.DNS_NAME]
    name = names[0] if names else None
    episode.touched(it.at)
    episode.add("links_n")
    episode.raise_to("link_score", finding.score)
    episode.say("link_why", why(finding), finding.score)
    if name:
        episode.say("link_name", (name, name), finding.score)
        episode.remember("opened", name)
        episode.facts["link_texted"] |= name in episode.names
    write(
        episode,
        it,
        Flow.NETWORK,
        "打开涉诈网址",
        "opened a suspected address",
        SubjectKind.DNS_NAME,
        name,
    )
    return True


def _named(episode: Episode, it: Happening) -> bool:
    """An address that looks like any other, but that a suspected text had named."""
    site = _site(it.row["url"]) if episode.names else None
    if site is None or site not in episode.names:
        return False
    episode.touched(it.at)
    episode.add("named_n")
    episode.say("link_name", (site, site), 0.0)
    write(
        episode,
        it,
        Flow.NETWORK,
        "打开涉诈信息中的网址",
        "opened an address that a suspected text names",
        SubjectKind.DNS_NAME,
        site,
    )
    return True


def _site(address: str | None) -> str | None:
    """As texts name it: the registrable part, or the host where it has none."""
    try:
        read = url.parse(address or "")
    except Refused:
        return None
    return None if read.is_address else read.registrable or read.host


_NAME_LONGEST = 40


def take_app(episode: Episode, it: Happening) -> bool:
    row, facts = it.row, episode.facts
    if it.finding:
        episode.raise_to("app_score", it.finding.score)
    told = APP_ACTS.get((row["action"], row["app_kind"])) or APP_ACTS.get((row["action"], None))
    if told is None:
        return False
    fact, emphasis, zh, en = told
    if row["action"] == "screen_share_off":
        facts["sharing"] = False
    elif row["action"] == "screen_share_on":
        facts["sharing"] = True
    if fact == "bank":
        facts["bank_sharing"] = facts["bank_sharing"] or facts["sharing"]
        facts["bank_on_call"] |= episode.on_line(it.at)
        emphasis = facts["sharing"] or episode.on_line(it.at)
    elif fact == "forwarding":
        facts["forwarding"] = True
    elif fact:
        episode.add(fact)
        if fact in _TIMED:
            episode.after_contact(_TIMED[fact], it.at)
    # A label is a stranger's word: no sign in it may hide or turn what a screen shows.
    name = (fold(row["label"] or "") or fold(row["package"]))[:_NAME_LONGEST]
    if fact in ("installs_n", "meeting_n"):
        episode.say("app_name", (f"「{name}」", f"“{name}”"), 1.0)
    episode.tell(
        Context(
            Flow.NETWORK,
            it.at,
            None,
            False,
            emphasis,
            f"{zh}「{name}」",
            f"{en} “{name}”",
            it.ref,
            SubjectKind.APP,
            row["package"],
        )
    )
    return True


_TIMED = {"installs_n": "install_after_s", "meeting_n": "meeting_after_s"}
"""Acts for which it counts how soon after a contact they came."""
APP_ACTS: Mapping[tuple[str, str | None], tuple[str | None, bool, str, str]] = {
    ("install", "offstore"): ("installs_n", True, "安装非应用市场的应用", "installed off-store"),
    ("install", "meeting"): ("meeting_n", True, "安装会议应用", "installed a meeting app"),
    ("open", "meeting"): ("meeting_n", True, "打开会议应用", "opened a meeting app"),
    ("foreground", "meeting"): ("meeting_n", True, "打开会议应用", "opened a meeting app"),
    ("open", "bank"): ("bank", False, "打开银行应用", "opened a bank app"),
    ("foreground", "bank"): ("bank", False, "打开银行应用", "opened a bank app"),
    ("screen_share_on", None): ("shares_n", True, "开始共享屏幕", "began to share the screen in"),
    ("screen_share_off", None): (None, False, "停止共享屏幕", "stopped sharing the screen in"),
    ("call_forward_on", None): ("forwarding", True, "开启呼叫转移", "switched call forwarding on"),
}
"""(action, kind of app) → fact it adds to, emphasis, words."""
