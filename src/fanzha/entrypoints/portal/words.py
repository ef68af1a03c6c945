"""Every word of the public pages, in Chinese and English."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS: dict[str, tuple[str, str]] = {
    "skip": ("跳到正文", "Skip to content"),
    "language": ("English", "中文"),
    "language_label": ("语言", "Language"),
    "call_110": ("拨打 110 报警", "Call 110, police"),
    "call_96110": ("拨打 96110 反诈专线", "Call 96110, anti-scam line"),
    "foot": (
        "本页由反诈中心提供。我们不会在网页上要您的银行卡号、密码或验证码。",
        "This page is by the anti-scam centre. We never ask for card numbers, passwords or codes"
        " on a web page.",
    ),
    # The warning page
    "warn_title": ("先别打开：涉嫌诈骗", "Do not open this: suspected scam"),
    "warn_h1": ("先别打开，这个网站涉嫌诈骗", "Stop: this site is suspected of fraud"),
    "warn_sub": ("反诈中心已拦下", "Held back by the anti-scam centre"),
    "do_1": ("不要换个网址、换个浏览器再打开。", "Do not try another address or another browser."),
    "do_2": (
        "不要填银行卡号、密码、验证码，不要下载里面的应用。",
        "Do not enter card numbers, passwords or codes, and do not install its app.",
    ),
    "do_3": (
        "有人正在电话里或屏幕共享里教您操作？先挂断。",
        "Is somebody guiding you by phone or on your screen? Hang up first.",
    ),
    "paid_title": ("已经转了钱，或填了卡号？", "Already paid, or entered a card number?"),
    "paid_1": (
        "马上拨打 110，越快越可能止付。",
        "Call 110 now: the sooner, the more can be stopped.",
    ),
    "paid_2": (
        "同时打银行客服电话（号码在银行卡背面），要求止付、挂失。",
        "Call your bank too (the number on the back of your card): ask to stop the payment and"
        " block the card.",
    ),
    "paid_3": (
        "聊天、转账记录和这个网址都留着，不要删。",
        "Keep chats, payment records and this address. Delete nothing.",
    ),
    "paid_4": (
        "有人说再交钱就能解冻、能追回？那也是诈骗。",
        "Somebody promises your money back for a fee? That is a scam too.",
    ),
    "paid_5": ("拿不准，拨打 96110 问。", "Not sure? Call 96110 and ask."),
    "why_title": ("为什么拦下", "Why it was held back"),
    "why_name": ("网站", "Site"),
    "why_page": ("网页", "Page"),
    "why_said": ("认定", "Why"),
    "why_article": ("法律依据", "Law"),
    "why_ref": ("文书", "Document"),
    "why_done": ("措施", "What is done"),
    "why_until": ("期限", "Until"),
    "why_code": ("申诉码", "Appeal code"),
    "why_who": ("作出单位", "By"),
    "said_plain": ("涉嫌用于电信网络诈骗", "Suspected of being used for telecom and online fraud"),
    "automatic": (
        "这是系统自动采取的临时措施，到期自动结束，除非有人核实确认。",
        "A provisional measure taken by machine. It ends by itself unless a person confirms it.",
    ),
    "no_end": ("另行通知前", "Until further notice"),
    "done_warn": ("打开时转到本页", "Opening it leads to this page"),
    "done_refuse": ("不能打开", "It cannot be opened"),
    "owner_title": ("网站是您的，拦错了？", "Is it your site, held back by mistake?"),
    "owner": (
        "您可以申诉。请准备：{documents}。查实拦错的，立即解除。",
        "You can appeal. Have ready: {documents}. If it was a mistake, it ends at once.",
    ),
    "owner_plain": (
        "您可以申诉。查实拦错的，立即解除。",
        "You can appeal. If it was a mistake, it ends at once.",
    ),
    "owner_do": ("提出申诉", "Appeal"),
    "unlisted_title": ("没有拦截记录", "Nothing held back"),
    "unlisted": (
        "这个名称现在不在拦截名单上。可能刚刚解除，请稍后再试。不在名单上，不等于没有风险。",
        "This name is not on the list now. It may just have been taken off: try again later. Not"
        " being listed does not mean there is no risk.",
    ),
    # Appeals
    "appeal_title": ("申诉", "Appeal"),
    "appeal_ask": (
        "号码、短信、网站或应用被拦错了？凭通知上的申诉码，在这里查看依据、提出申诉。",
        "Was your number, sender, site or app held back by mistake? With the code of the notice"
        " you can see the ground here, and appeal.",
    ),
    "code": ("申诉码", "Appeal code"),
    "code_hint": (
        "通知、拦截页或来电提示上的 10 位字母和数字，例如 03JZ9-J6GMQ",
        "Ten letters and digits on the notice, the warning page or the caller's card, like"
        " 03JZ9-J6GMQ",
    ),
    "code_do": ("查看", "Show"),
    "other_code": ("换一个申诉码", "Another code"),
    "notice_title": ("通知内容", "What the notice says"),
    "n_number": ("措施编号", "Measure"),
    "n_state": ("现在", "Now"),
    "n_target": ("对象", "Against"),
    "n_effect": ("措施", "What is done"),
    "n_said": ("认定", "Why"),
    "n_article": ("法律依据", "Law"),
    "n_ref_order": ("决定文书", "Order"),
    "n_ref_finding": ("系统发现", "Finding"),
    "n_from": ("开始", "From"),
    "n_until": ("到期", "Until"),
    "n_remedy": ("向谁申诉", "Where to turn"),
    "n_documents": ("需要的材料", "Documents"),
    "over": (
        "这项措施已经结束，不再限制您，不用申诉。",
        "This measure is over and limits nothing any more: there is nothing to appeal.",
    ),
    "status_title": ("申诉办理情况", "How your appeal stands"),
    "s_number": ("申诉编号", "Appeal"),
    "s_state": ("办理状态", "State"),
    "s_filed": ("提交时间", "Filed"),
    "s_due": ("最迟", "Due by"),
    "s_due_filed": ("决定是否受理", "decision to admit it"),
    "s_due_accepted": ("作出决定", "decision"),
    "s_reasons": ("决定的理由", "Reasons"),
    "s_next_filed": (
        "已收到。中心将在期限内决定是否受理。",
        "Received. The centre decides in time whether to admit it.",
    ),
    "s_next_accepted": (
        "已受理，正在核查，可能会按您留的方式联系您。",
        "Admitted and being checked. You may be contacted in the way you left.",
    ),
    "s_next_checked": ("核查完毕，等待决定。", "Checked: the decision is awaited."),
    "s_next_upheld": (
        "申诉成立，措施已在各处解除。",
        "Upheld: the measure has ended everywhere.",
    ),
    "s_next_rejected": (
        "申诉不成立。您可以依法申请行政复议或提起诉讼。",
        "Rejected. You may ask for administrative reconsideration or go to court.",
    ),
    "s_next_not_admitted": (
        "未予受理。补齐材料后可以再次申诉，也可以依法申请行政复议。",
        "Not admitted. You may appeal again with what was missing, or ask for administrative"
        " reconsideration.",
    ),
    "s_next_withdrawn": ("您已撤回。", "You have taken it back."),
    "s_next_moot": (
        "措施已经结束，申诉随之办结。",
        "The measure has ended, and the appeal with it.",
    ),
    "filed": ("申诉已提交", "Your appeal is filed"),
    "receipt": (
        "请记下回执号 {receipt}。撤回申诉时要用，只在这里显示。",
        "Write down your receipt {receipt}. You need it to take the appeal back. It is shown here"
        " only.",
    ),
    "withdrawn": ("申诉已撤回", "Your appeal is taken back"),
    "file_title": ("提出申诉", "File an appeal"),
    "file_again": ("再次申诉", "Appeal again"),
    "text": ("为什么认为弄错了", "Why you think it is a mistake"),
    "text_hint": (
        "写清您是谁、号码或网站做什么用。最多 {most} 字。不要写密码和验证码。",
        "Say who you are and what it is used for. At most {most} letters. No passwords or codes.",
    ),
    "contact": ("联系方式（可不填）", "How to reach you (optional)"),
    "contact_hint": ("电话或邮箱，只用于办理这次申诉。", "Phone or e-mail, for this appeal only."),
    "file_do": ("提交申诉", "File the appeal"),
    "withdraw_title": ("撤回申诉", "Take the appeal back"),
    "receipt_label": ("回执号", "Receipt"),
    "receipt_hint": ("提交时给您的 10 位字母和数字", "Ten letters and digits you were given"),
    "withdraw_do": ("撤回申诉", "Take it back"),
    "wrong": ("请改一处", "One thing to mend"),
    "failed_title": ("没有办成", "It was not done"),
    "failed": ("没有作出任何改动。", "Nothing was changed."),
    "again": ("返回申诉页", "Back to appeals"),
    "stale_form": (
        "页面打开太久了，内容还在，请再提交一次。",
        "The page was open too long. Your text is still here: send it once more.",
    ),
    "receipt_wrong": ("回执号不对，请核对。", "That is not the receipt: compare it."),
    "foreign_form": (
        "请在本页填写并提交。",
        "Please fill in and send the form on this page.",
    ),
    "unforeseen": (
        "系统出错，请稍后再试，或拨打 96110。",
        "Something went wrong here. Try again later, or call 96110.",
    ),
}
