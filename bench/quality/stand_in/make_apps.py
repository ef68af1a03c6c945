"""Makes apps.jsonl: a stand-in for labelled manifest facts, which no set at hand has.

    python -m bench.quality.stand_in.make_apps bench/quality/stand_in/apps.jsonl

Every row is written down or drawn from what is publicly known of kinds of apps: which permissions they ask for, which
levels they are made for, how they are named. Packages of well-known ordinary apps are real, their permissions and
versions are approximate; malicious apps are invented in the likeness of public reports. `half` is by kind, so that no
kind is on both sides: A may be looked at, B is for figures. Whoever wrote the weights also wrote these rows, so figures
on them say that the tables do what they were meant to do, and no more.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NET = "INTERNET ACCESS_NETWORK_STATE"
PUSH = "com.google.android.c2dm.permission.RECEIVE WAKE_LOCK VIBRATE POST_NOTIFICATIONS"
MEDIA = "CAMERA RECORD_AUDIO READ_EXTERNAL_STORAGE WRITE_EXTERNAL_STORAGE READ_MEDIA_IMAGES"
PLACE = "ACCESS_FINE_LOCATION ACCESS_COARSE_LOCATION"
BADGE = "com.huawei.android.launcher.permission.CHANGE_BADGE com.vivo.notification.permission.BADGE_ICON"
SUPER = f"{NET} {PUSH} {MEDIA} {PLACE} {BADGE} READ_CONTACTS READ_PHONE_STATE SYSTEM_ALERT_WINDOW REQUEST_INSTALL_PACKAGES FOREGROUND_SERVICE BLUETOOTH BLUETOOTH_CONNECT NFC USE_FINGERPRINT USE_BIOMETRIC CALL_PHONE GET_TASKS CHANGE_WIFI_STATE ACCESS_WIFI_STATE RECEIVE_BOOT_COMPLETED WRITE_SETTINGS INSTALL_SHORTCUT MODIFY_AUDIO_SETTINGS"
BANK = f"{NET} {MEDIA} {PLACE} READ_PHONE_STATE READ_CONTACTS USE_FINGERPRINT NFC CALL_PHONE WAKE_LOCK GET_TASKS ACCESS_WIFI_STATE CHANGE_WIFI_STATE"
SMS = "READ_SMS RECEIVE_SMS SEND_SMS"
TROJAN = f"{NET} {SMS} WRITE_SMS READ_PHONE_STATE RECEIVE_BOOT_COMPLETED READ_CONTACTS"
SHELL = f"{NET} CAMERA WRITE_EXTERNAL_STORAGE READ_EXTERNAL_STORAGE ACCESS_WIFI_STATE"


@dataclass(frozen=True)
class Kind:
    """A kind of app: names as `label|package`, versions, (min, target) levels, what all of them ask for, and what
    about half of them ask for besides."""

    code: str
    malicious: bool
    names: Sequence[str]
    versions: Sequence[str]
    levels: Sequence[tuple[int, int]]
    always: str
    often: str = ""


NEW = [(21, 33), (23, 34), (24, 34), (26, 35), (21, 31)]
MID = [(19, 28), (21, 29), (21, 30), (19, 26)]
OLD = [(8, 17), (9, 19), (14, 19), (15, 22), (8, 10)]
GROWN = ["8.0.49", "10.12.1", "7.3.8.1", "15.4.20", "6.2.0", "23.11.1.2", "4.18.3", "9.61.0", "5.7.2"]
SMALL = ["1.4.2", "2.1", "1.0.3", "3.0.1", "1.12", "2.7.0"]
FIRST = ["1.0", "1.0", "1.0.0", "1", "1.1", "2.0"]

BENIGN = [
    Kind("super_apps", False, ["微信|com.tencent.mm", "支付宝|com.eg.android.AlipayGphone", "QQ|com.tencent.mobileqq", "淘宝|com.taobao.taobao", "京东|com.jingdong.app.mall", "美团|com.sankuai.meituan", "抖音|com.ss.android.ugc.aweme", "拼多多|com.xunmeng.pinduoduo", "百度|com.baidu.searchbox", "小红书|com.xingin.xhs"], GROWN, NEW + [(21, 28)], SUPER, "READ_SMS RECEIVE_SMS READ_CALL_LOG PACKAGE_USAGE_STATS QUERY_ALL_PACKAGES"),
    Kind("banks", False, ["中国工商银行|com.icbc", "中国建设银行|com.chinamworld.main", "招商银行|cmb.pb", "中国农业银行|com.android.bankabc", "云闪付|com.unionpay", "交通银行|com.bankcomm.Bankcomm", "平安口袋银行|com.pingan.paces.ccms", "浦发手机银行|cn.com.spdb.mobilebank.per"], GROWN, NEW + [(21, 28)], BANK, "READ_SMS RECEIVE_SMS READ_CALL_LOG RECORD_AUDIO RECEIVE_BOOT_COMPLETED SYSTEM_ALERT_WINDOW"),
    Kind("small_banks", False, ["清岚农商行|com.qlrcb.mobilebank", "河州银行|com.hezhoubank.mbank", "Lakeside Credit Union|org.lakesidecu.mobile", "白水村镇银行|cn.com.bsvb.bank", "Harbor Bank|com.harborbank.app", "江原银行|com.jybank.mobile"], SMALL + GROWN, MID + NEW, BANK, "READ_SMS"),
    Kind("government", False, ["个人所得税|cn.gov.tax.its", "国家反诈中心|com.hicorenational.antifraud", "交管12123|com.tmri.app.main", "国家医保服务平台|cn.hsa.app", "清岚政务|cn.gov.qinglan.zwfw", "掌上12333|cn.gov.mohrss.app12333"], GROWN + SMALL, NEW + [(21, 28)], f"{NET} {MEDIA} {PLACE} READ_PHONE_STATE CALL_PHONE WAKE_LOCK", "READ_CONTACTS READ_CALL_LOG READ_SMS SYSTEM_ALERT_WINDOW RECEIVE_BOOT_COMPLETED"),
    Kind("messengers", False, ["Telegram|org.telegram.messenger", "Signal|org.thoughtcrime.securesms", "WhatsApp|com.whatsapp", "Element|im.vector.app", "Viber|com.viber.voip", "Conversations|eu.siacs.conversations", "Delta Chat|com.b44t.messenger"], GROWN, NEW, f"{NET} {PUSH} {MEDIA} READ_CONTACTS WRITE_CONTACTS RECEIVE_BOOT_COMPLETED FOREGROUND_SERVICE READ_PHONE_STATE", "READ_SMS RECEIVE_SMS SEND_SMS SYSTEM_ALERT_WINDOW GET_ACCOUNTS CALL_PHONE REQUEST_INSTALL_PACKAGES"),
    Kind("sms_apps", False, ["QKSMS|com.moez.QKSMS", "Messages|org.fossify.messages", "Textra SMS|com.textra", "Silence|org.smssecure.smssecure", "SMS Backup+|com.zegoggles.smssync", "信息|com.android.mms"], SMALL + GROWN, NEW + MID, f"{SMS} RECEIVE_MMS WRITE_SMS READ_CONTACTS READ_PHONE_STATE VIBRATE", f"{NET} RECEIVE_WAP_PUSH RECEIVE_BOOT_COMPLETED CALL_PHONE"),
    Kind("dialers", False, ["Simple Dialer|com.simplemobiletools.dialer", "Truecaller|com.truecaller", "ACR Phone|com.nll.cb", "触宝电话|com.cootek.smartdialer", "联系人|com.android.contacts"], GROWN + SMALL, NEW, "READ_CONTACTS WRITE_CONTACTS READ_CALL_LOG WRITE_CALL_LOG CALL_PHONE READ_PHONE_STATE VIBRATE", f"{NET} ANSWER_PHONE_CALLS SYSTEM_ALERT_WINDOW READ_SMS RECEIVE_SMS PROCESS_OUTGOING_CALLS RECORD_AUDIO"),
    Kind("guards", False, ["360手机卫士|com.qihoo360.mobilesafe", "腾讯手机管家|com.tencent.qqpimsecure", "Avast Mobile Security|com.avast.android.mobilesecurity", "Lookout Security|com.lookout", "Malwarebytes|org.malwarebytes.antimalware", "Kaspersky|com.kms.free"], GROWN, NEW + MID, f"{NET} {SMS} READ_CONTACTS READ_CALL_LOG CALL_PHONE READ_PHONE_STATE RECEIVE_BOOT_COMPLETED SYSTEM_ALERT_WINDOW GET_TASKS PACKAGE_USAGE_STATS KILL_BACKGROUND_PROCESSES QUERY_ALL_PACKAGES {PLACE}", "REQUEST_DELETE_PACKAGES WRITE_SETTINGS BIND_ACCESSIBILITY_SERVICE com.android.vending.BILLING"),
    Kind("games", False, ["Stack Towers|com.hyperplay.stacktowers", "消消乐园|com.happygame.match3", "Farm Merge Valley|com.playrise.farmmerge", "Chess Time|com.haptic.chesstime", "王者对战|com.tencent.tmgp.sgame", "Word Puzzle|com.lexilab.wordpuzzle", "Drift Racer 3D|com.torque.driftracer"], GROWN + SMALL, NEW, f"{NET} ACCESS_WIFI_STATE {PUSH} com.google.android.gms.permission.AD_ID", "com.android.vending.BILLING READ_PHONE_STATE WRITE_EXTERNAL_STORAGE com.google.android.finsky.permission.BIND_GET_INSTALL_REFERRER_SERVICE GET_TASKS"),
    Kind("old_games", False, ["Snake Classic|com.oldgames.snake", "Bubble Pop|com.funbit.bubblepop", "Sudoku Free|com.genina.android.sudoku", "Solitaire|com.cardlab.solitaire", "Tetra Blocks|org.blocks.tetra"], ["1.0", "1.2", "1.0.5", "2.1"], OLD, NET, "VIBRATE READ_PHONE_STATE ACCESS_WIFI_STATE WAKE_LOCK WRITE_EXTERNAL_STORAGE"),
    Kind("open_tools", False, ["F-Droid|org.fdroid.fdroid", "Termux|com.termux", "KDE Connect|org.kde.kdeconnect_tp", "Tasker|net.dinglisch.android.taskerm", "AnkiDroid|com.ichi2.anki", "NewPipe|org.schabi.newpipe", "OsmAnd|net.osmand", "Nextcloud|com.nextcloud.client", "AntennaPod|de.danoeh.antennapod"], SMALL + GROWN, NEW + MID, f"{NET} WAKE_LOCK FOREGROUND_SERVICE WRITE_EXTERNAL_STORAGE", "REQUEST_INSTALL_PACKAGES RECEIVE_BOOT_COMPLETED READ_CONTACTS SYSTEM_ALERT_WINDOW READ_LOGS CALL_PHONE READ_SMS"),
    Kind("open_old", False, ["Metronome|com.bobek.metronome", "Counter|me.tsukanov.counter", "Barcode Scanner|com.google.zxing.client.android", "Document Viewer|org.sufficientlysecure.viewer", "Wifi Info|net.truelab.wifiinfo", "Tip Calculator|org.fossil.tips"], ["1.0", "1.3", "0.9", "1.1", "2.0"], OLD + MID, "VIBRATE", f"{NET} READ_CONTACTS CAMERA FLASHLIGHT CHANGE_WIFI_STATE ACCESS_WIFI_STATE"),
    Kind("launchers", False, ["Nova Launcher|com.teslacoilsw.launcher", "Lawnchair|app.lawnchair", "Theme Store|com.themelab.theme", "桌面主题|com.deskart.theme"], GROWN, NEW + MID, f"{NET} SET_WALLPAPER INSTALL_SHORTCUT VIBRATE EXPAND_STATUS_BAR", "CALL_PHONE READ_CONTACTS REQUEST_DELETE_PACKAGES GET_TASKS com.android.vending.BILLING READ_CALL_LOG QUERY_ALL_PACKAGES"),
    Kind("browsers_stores", False, ["UC浏览器|com.UCMobile", "Firefox|org.mozilla.firefox", "应用宝|com.tencent.android.qqdownloader", "Aurora Store|com.aurora.store", "ES文件浏览器|com.estrongs.android.pop"], GROWN, NEW + MID, f"{NET} WRITE_EXTERNAL_STORAGE REQUEST_INSTALL_PACKAGES INSTALL_SHORTCUT ACCESS_WIFI_STATE", f"{PLACE} CAMERA RECORD_AUDIO READ_PHONE_STATE GET_TASKS SYSTEM_ALERT_WINDOW RECEIVE_BOOT_COMPLETED REQUEST_DELETE_PACKAGES"),
    Kind("news_video", False, ["今日头条|com.ss.android.article.news", "哔哩哔哩|tv.danmaku.bili", "优酷|com.youku.phone", "Netflix|com.netflix.mediaclient", "喜马拉雅|com.ximalaya.ting.android", "River Post|com.riverpost.news"], GROWN, NEW, f"{NET} {PUSH} {BADGE} READ_PHONE_STATE WRITE_EXTERNAL_STORAGE", f"{PLACE} CAMERA RECORD_AUDIO SYSTEM_ALERT_WINDOW REQUEST_INSTALL_PACKAGES GET_TASKS"),
    Kind("shops_small", False, ["青禾生鲜|com.qinghe.fresh", "邻里团购|com.linli.groupbuy", "Corner Bakery|com.cornerbakery.order", "阿木茶饮|com.amutea.mall", "Pet Pantry|com.petpantry.shop"], SMALL, MID + NEW, f"{NET} CAMERA {PLACE} WRITE_EXTERNAL_STORAGE", "READ_PHONE_STATE CALL_PHONE REQUEST_INSTALL_PACKAGES VIBRATE"),
    Kind("wrapped_shops", False, ["绿源五金|uni.UNI3A8C71E", "和顺驾校|io.dcloud.H5A1B2C3D", "云上书店|plus.H58F3E21", "Village Clinic|com.appsgeyser.villageclinic", "晨光幼儿园|uni.UNI90B4D2F"], ["1.0.0", "1.0.8", "1.2.0", "2.0.1"], MID, SHELL, f"{PLACE} READ_PHONE_STATE READ_CONTACTS CALL_PHONE"),
    Kind("lenders", False, ["京东金融|com.jd.jrapp", "度小满|com.duxiaoman.umoney", "安逸花|com.msxf.ayh", "陆金所|com.lufax.android", "分期乐|com.lexinfintech.fql"], GROWN, NEW, f"{BANK} SYSTEM_ALERT_WINDOW", "READ_SMS READ_CALL_LOG REQUEST_INSTALL_PACKAGES"),
    Kind("brokers", False, ["东方财富|com.eastmoney.android.berlin", "同花顺|com.hexin.plat.android", "富途牛牛|cn.futu.trader", "Oakline Invest|com.oakline.invest", "中信证券信e投|com.citics.xet"], GROWN, NEW, f"{NET} {MEDIA} READ_PHONE_STATE USE_FINGERPRINT WAKE_LOCK", f"{PUSH} {PLACE} READ_CONTACTS SYSTEM_ALERT_WINDOW"),
    Kind("coin_wallets", False, ["MetaMask|io.metamask", "Trust: Crypto Wallet|com.wallet.crypto.trustapp", "imToken|im.token.app", "Coinbase|com.coinbase.android"], GROWN, NEW, f"{NET} CAMERA USE_BIOMETRIC USE_FINGERPRINT {PUSH}", "READ_EXTERNAL_STORAGE NFC com.google.android.gms.permission.AD_ID"),
    Kind("remote_support", False, ["TeamViewer QuickSupport|com.teamviewer.quicksupport.market", "AnyDesk|com.anydesk.anydeskandroid", "腾讯会议|com.tencent.wemeet.app", "Zoom|us.zoom.videomeetings", "AirDroid|com.sand.airdroid"], GROWN, NEW, f"{NET} CAMERA RECORD_AUDIO FOREGROUND_SERVICE SYSTEM_ALERT_WINDOW WAKE_LOCK", "READ_CONTACTS BLUETOOTH BLUETOOTH_CONNECT READ_PHONE_STATE FOREGROUND_SERVICE_MEDIA_PROJECTION BIND_ACCESSIBILITY_SERVICE"),
    Kind("wearables", False, ["小米运动健康|com.mi.health", "Gadgetbridge|nodomain.freeyourgadget.gadgetbridge", "华为运动健康|com.huawei.health", "Fitbit|com.fitbit.FitbitMobile"], GROWN, NEW, f"{NET} BLUETOOTH BLUETOOTH_CONNECT BLUETOOTH_SCAN {PLACE} READ_CONTACTS READ_CALL_LOG READ_SMS RECEIVE_SMS READ_PHONE_STATE FOREGROUND_SERVICE", "SEND_SMS ANSWER_PHONE_CALLS RECEIVE_BOOT_COMPLETED CALL_PHONE ACTIVITY_RECOGNITION CAMERA"),
    Kind("rides", False, ["高德地图|com.autonavi.minimap", "滴滴出行|com.sdu.didi.psnger", "Uber|com.ubercab", "货车帮司机|com.wlqq.driver", "饿了么骑手|me.ele.crowdsource"], GROWN, NEW, f"{NET} {PLACE} ACCESS_BACKGROUND_LOCATION READ_PHONE_STATE CALL_PHONE CAMERA FOREGROUND_SERVICE", "READ_CONTACTS RECORD_AUDIO SYSTEM_ALERT_WINDOW RECEIVE_BOOT_COMPLETED REQUEST_IGNORE_BATTERY_OPTIMIZATIONS GET_TASKS"),
    Kind("courses", False, ["单词斩|com.readboy.words", "Piano Steps|com.keysound.piano", "学习通|com.chaoxing.mobile", "Flash Cards|com.learnlab.cards", "小学口算|com.kousuan.math"], SMALL + GROWN, NEW, f"{NET} WAKE_LOCK", f"{PUSH} RECORD_AUDIO CAMERA WRITE_EXTERNAL_STORAGE com.android.vending.BILLING"),
    Kind("makers_tools", False, ["手机换机|com.hicloud.android.clone", "小米互传|com.miui.mishare.connectivity", "Samsung Smart Switch|com.sec.android.easyMover", "系统更新|com.android.updater", "录音机|com.android.soundrecorder"], GROWN, NEW + MID, f"{NET} READ_CONTACTS WRITE_CONTACTS READ_SMS WRITE_SMS READ_CALL_LOG INSTALL_PACKAGES WRITE_EXTERNAL_STORAGE RECEIVE_BOOT_COMPLETED WRITE_SECURE_SETTINGS", "REBOOT MODIFY_PHONE_STATE STATUS_BAR QUERY_ALL_PACKAGES"),
    Kind("keyboards_vpn", False, ["搜狗输入法|com.sohu.inputmethod.sogou", "OpenBoard|org.dslul.openboard.inputmethod.latin", "WireGuard|com.wireguard.android", "Proton VPN|ch.protonvpn.android", "XRecorder|videoeditor.videorecorder.screenrecorder"], GROWN, NEW, f"{NET} VIBRATE FOREGROUND_SERVICE", "READ_CONTACTS RECORD_AUDIO READ_USER_DICTIONARY RECEIVE_BOOT_COMPLETED SYSTEM_ALERT_WINDOW QUERY_ALL_PACKAGES com.android.vending.BILLING"),
    Kind("weather_clock", False, ["墨迹天气|com.moji.mjweather", "Clear Weather|com.skybit.weather", "闹钟|com.android.deskclock", "Prayer Times|com.minaret.times", "万年历|com.youloft.calendar"], GROWN + SMALL, NEW + MID, f"{NET} {PLACE} RECEIVE_BOOT_COMPLETED VIBRATE", "SYSTEM_ALERT_WINDOW READ_PHONE_STATE GET_TASKS DISABLE_KEYGUARD SET_WALLPAPER com.google.android.gms.permission.AD_ID"),
    Kind("dating_real", False, ["探探|com.p1.mobile.putong", "陌陌|com.immomo.momo", "Tinder|com.tinder", "世纪佳缘|com.jiayuan.app"], GROWN, NEW, f"{NET} {PUSH} {MEDIA} {PLACE}", "READ_CONTACTS READ_PHONE_STATE SYSTEM_ALERT_WINDOW com.android.vending.BILLING"),
]

BAD = [
    Kind("sms_trojans", True, ["违章查询|com.wz.query", "聚会照片|com.photo.juhui", "电子请柬|com.qj.card", "成绩单|com.cj.list", "快递单查询|com.kd.express", "相册|com.album.xc", "移动客服|com.cmhelp.service", "法院传票|com.fy.cp"], FIRST, OLD + [(14, 22)], TROJAN, "CALL_PHONE PROCESS_OUTGOING_CALLS GET_TASKS WRITE_EXTERNAL_STORAGE WAKE_LOCK"),
    Kind("sms_senders", True, ["Video Player HD|com.play.vid", "Flash Player|com.flash.upd", "Sexy Wallpaper|com.wall.hot", "Free Music|com.mzk.free", "Battery Saver|com.batt.sv"], FIRST, OLD, f"{NET} SEND_SMS RECEIVE_SMS READ_PHONE_STATE", "READ_SMS INSTALL_SHORTCUT WRITE_EXTERNAL_STORAGE RECEIVE_BOOT_COMPLETED INSTALL_PACKAGES"),
    Kind("banking_trojans", True, ["Chrome Update|com.hqvtlo.pwzrke", "Play Protect|com.tbnmq.xuwle", "Security Update|org.cvbnq.zxwle", "Flash Player|com.wqkzjd.bvxn", "Settings|com.zplqmx.kwrtd", "Android Update|cn.jqkwzx.tplm"], ["1.0", "1.0", "4.1", "1.2"], MID + [(21, 29), (24, 31)], f"{NET} {SMS} READ_PHONE_STATE READ_CONTACTS RECEIVE_BOOT_COMPLETED SYSTEM_ALERT_WINDOW WAKE_LOCK REQUEST_IGNORE_BATTERY_OPTIMIZATIONS FOREGROUND_SERVICE", "BIND_ACCESSIBILITY_SERVICE REQUEST_DELETE_PACKAGES CALL_PHONE GET_TASKS PACKAGE_USAGE_STATS QUERY_ALL_PACKAGES REQUEST_INSTALL_PACKAGES USE_FULL_SCREEN_INTENT"),
    Kind("banking_modern", True, ["Photo Vault|com.lumina.vaultpix", "Fast Charge|com.brisk.charge", "PDF Reader|com.paperlane.reader", "QR Scanner|com.snapcode.scan", "Fitness Steps|com.stride.count"], ["1.0.2", "2.1.0", "1.4"], NEW, f"{NET} RECEIVE_BOOT_COMPLETED REQUEST_INSTALL_PACKAGES FOREGROUND_SERVICE QUERY_ALL_PACKAGES", "BIND_ACCESSIBILITY_SERVICE SYSTEM_ALERT_WINDOW RECEIVE_SMS READ_SMS REQUEST_IGNORE_BATTERY_OPTIMIZATIONS POST_NOTIFICATIONS"),
    Kind("fake_banks", True, ["中国工商银行|com.gsyh.mobile.app", "建设银行|com.jh.cbank", "招商银行VIP|com.zs.vipbank", "交通银行信用卡中心|cn.jt.card", "农业银行|com.nh.abank", "云闪付|com.ysf.pay.app"], FIRST, MID + OLD, SHELL, f"{SMS} READ_CONTACTS READ_PHONE_STATE RECEIVE_BOOT_COMPLETED"),
    Kind("fake_police", True, ["公安部案件查询|com.gab.case", "国家反诈中心|com.fz.center.safe", "安全防护|com.aq.fh", "最高人民检察院|com.zgjc.law", "资金清查|com.zj.qc", "网络安全局|com.wa.safe"], FIRST, MID + OLD, f"{NET} {SMS} READ_CONTACTS READ_CALL_LOG CALL_PHONE PROCESS_OUTGOING_CALLS READ_PHONE_STATE", "RECORD_AUDIO CAMERA SYSTEM_ALERT_WINDOW ANSWER_PHONE_CALLS WRITE_CALL_LOG RECEIVE_BOOT_COMPLETED"),
    Kind("fake_loans", True, ["快易贷|com.kyd.money", "招联金融|com.zl.finance.app", "360借条|uni.UNIA1B2C3D", "马上消费|com.msxf.loan.vip", "极速借款|com.jsjk.cash", "微粒贷|io.dcloud.H5C7D8E9"], FIRST, MID, SHELL, "READ_CONTACTS READ_PHONE_STATE CALL_PHONE READ_SMS READ_CALL_LOG"),
    Kind("loan_sharks", True, ["Rupee Cash Loan|com.rupeego.cash", "Pinjaman Kilat|com.kilat.dana", "Easy Credit|com.easycr.loan", "InstaLoan|com.instaln.app", "Credit Now|com.crnow.money"], FIRST + SMALL, MID + [(21, 30)], f"{NET} READ_CONTACTS READ_SMS READ_CALL_LOG READ_PHONE_STATE CAMERA {PLACE}", "GET_ACCOUNTS READ_EXTERNAL_STORAGE QUERY_ALL_PACKAGES RECEIVE_SMS"),
    Kind("fake_investments", True, ["中金财富通|com.zj.cft.app", "华尔外汇|com.hewh.fx", "数字货币交易所|uni.UNI7788AA1", "AI量化投资|com.ailh.quant", "Bitmax DEX|com.bmx.dex", "国投理财|plus.H5AA11BB", "GoldFX Trading|com.gfxtd.app", "鼎盛策略|com.dscl.stock"], FIRST, MID + NEW[:2], SHELL, "READ_CONTACTS READ_PHONE_STATE RECORD_AUDIO REQUEST_INSTALL_PACKAGES"),
    Kind("fake_tasks", True, ["抢单王|com.qdw.task", "京东刷单平台|uni.UNI44F5A6B", "点赞赚|com.dz.earn", "任务大厅|com.rw.hall", "Daily Earn Money|com.dem.task", "悬赏接单|io.dcloud.H5F0E1D2"], FIRST, MID, SHELL, "READ_PHONE_STATE READ_CONTACTS"),
    Kind("nude_chat", True, ["夜色直播|com.ys.live.video", "同城约会|com.tcyh.meet", "秘聊|com.ml.chat.app", "蜜桃视频|com.mt.vip", "私密空间|uni.UNIBB1290C", "Hot Video Chat|com.hvchat.live"], FIRST, MID + OLD, f"{NET} READ_CONTACTS READ_SMS CAMERA RECORD_AUDIO WRITE_EXTERNAL_STORAGE", f"{PLACE} READ_CALL_LOG READ_PHONE_STATE GET_ACCOUNTS"),
    Kind("fake_service", True, ["银联客服|com.yl.kefu", "退款理赔中心|com.tk.lp", "保障中心|com.bz.center", "云会议|com.yhy.meeting.zb", "银监会|com.yjh.gov", "Customer Support|com.quick.support.help"], FIRST, MID + NEW[:2], f"{NET} CAMERA RECORD_AUDIO SYSTEM_ALERT_WINDOW FOREGROUND_SERVICE", "BIND_ACCESSIBILITY_SERVICE FOREGROUND_SERVICE_MEDIA_PROJECTION READ_SMS RECEIVE_SMS READ_CONTACTS"),
    Kind("gambling", True, ["金花棋牌|com.jhqp.game", "澳门娱乐城|com.am.ylc", "时时彩计划|uni.UNI0099CDE", "Lucky Slots Casino|com.lkslot.bet", "百家乐|com.bjl.vip"], FIRST + SMALL, MID + OLD, SHELL, "READ_PHONE_STATE REQUEST_INSTALL_PACKAGES GET_TASKS MOUNT_UNMOUNT_FILESYSTEMS"),
    Kind("lockers", True, ["抢红包神器|com.qhb.auto", "Adobe Flash|com.adb.flashp", "刷钻|com.sz.qq", "Porn Player|com.prn.play", "免流助手|com.ml.net"], FIRST, OLD, f"{NET} SYSTEM_ALERT_WINDOW RECEIVE_BOOT_COMPLETED GET_TASKS KILL_BACKGROUND_PROCESSES WAKE_LOCK DISABLE_KEYGUARD", "BIND_DEVICE_ADMIN SEND_SMS READ_PHONE_STATE MOUNT_UNMOUNT_FILESYSTEMS"),
    Kind("spies", True, ["System Service|com.android.system.service", "SIM Toolkit|com.system.stk.core", "Sync Service|com.android.sync.provider", "系统服务|com.sys.core.fw", "WiFi Service|com.android.wifiservice.app"], ["1.0", "2.3", "1.1"], OLD + MID, f"{NET} {SMS} READ_CONTACTS READ_CALL_LOG PROCESS_OUTGOING_CALLS RECORD_AUDIO CAMERA {PLACE} RECEIVE_BOOT_COMPLETED READ_PHONE_STATE", "READ_HISTORY_BOOKMARKS WRITE_CALL_LOG GET_ACCOUNTS CHANGE_WIFI_STATE WRITE_CONTACTS REQUEST_IGNORE_BATTERY_OPTIMIZATIONS"),
    Kind("downloaders", True, ["Super Cleaner|com.spcl.boost", "游戏盒子|com.yxhz.box", "Free Wallpapers|com.fwp.hd", "Root Toolbox|com.rtbox.su", "Video Downloader|com.vdl.fast"], SMALL + FIRST, OLD + MID, f"{NET} INSTALL_PACKAGES DELETE_PACKAGES READ_PHONE_STATE MOUNT_UNMOUNT_FILESYSTEMS WRITE_EXTERNAL_STORAGE RECEIVE_BOOT_COMPLETED INSTALL_SHORTCUT GET_TASKS", "SYSTEM_ALERT_WINDOW CHANGE_WIFI_STATE READ_LOGS WRITE_SETTINGS RESTART_PACKAGES CHANGE_NETWORK_STATE"),
    Kind("fake_messengers", True, ["WhatsApp Gold|com.wagold.app", "Telegram 中文版|com.tgzh.chat", "纸飞机|com.zfj.im", "WhatsApp Plus|com.whatsplus.mod", "密信|com.mixin.im.secret"], FIRST + SMALL, MID + NEW[:2], f"{NET} {MEDIA} READ_CONTACTS READ_PHONE_STATE", f"{SMS} READ_CALL_LOG SYSTEM_ALERT_WINDOW REQUEST_INSTALL_PACKAGES RECEIVE_BOOT_COMPLETED"),
    Kind("fake_couriers", True, ["DHL Tracking|com.dlvtrk.pkg", "顺丰速运|com.sfsy.kd", "USPS|com.upss.delivery", "Voicemail|com.vmail.msg", "中国邮政|com.zgyz.post"], FIRST, MID + [(24, 30)], f"{NET} {SMS} READ_CONTACTS RECEIVE_BOOT_COMPLETED", "BIND_ACCESSIBILITY_SERVICE REQUEST_IGNORE_BATTERY_OPTIMIZATIONS CALL_PHONE QUERY_ALL_PACKAGES REQUEST_DELETE_PACKAGES READ_PHONE_STATE"),
    Kind("fake_subsidies", True, ["个税退税|com.gs.ts", "社保认证|com.sb.rz", "养老金补贴|com.ylj.bt", "PM Kisan Yojana|com.pmk.yojana", "RTO E-Challan|com.rto.challan"], FIRST, MID + [(24, 32)], f"{NET} RECEIVE_SMS READ_SMS", "SEND_SMS READ_PHONE_STATE READ_CONTACTS RECEIVE_BOOT_COMPLETED FOREGROUND_SERVICE REQUEST_INSTALL_PACKAGES"),
    Kind("cards_tools", True, ["跑分助手|com.pf.helper", "短信转发器|com.dx.forward", "手机口助手|com.sjk.line", "接码平台|com.jm.code", "群控系统|com.qk.ctrl"], FIRST + SMALL, MID, f"{NET} {SMS} READ_PHONE_STATE RECEIVE_BOOT_COMPLETED FOREGROUND_SERVICE", "CALL_PHONE READ_CALL_LOG ANSWER_PHONE_CALLS RECORD_AUDIO REQUEST_IGNORE_BATTERY_OPTIMIZATIONS"),
    Kind("mirror_control", True, ["共享屏幕助手|com.gxpm.share", "远程协助|com.yc.xz.help", "安全插件|com.aq.plugin", "会议投屏|com.hytp.cast", "Quick Support|com.qsupport.rc"], FIRST, MID + NEW[:2], f"{NET} SYSTEM_ALERT_WINDOW RECORD_AUDIO FOREGROUND_SERVICE FOREGROUND_SERVICE_MEDIA_PROJECTION", "BIND_ACCESSIBILITY_SERVICE READ_SMS RECEIVE_SMS DISABLE_KEYGUARD RECEIVE_BOOT_COMPLETED REQUEST_IGNORE_BATTERY_OPTIMIZATIONS"),
    Kind("recovery", True, ["征信修复|com.zx.xf", "注销校园贷|com.zxxyd.app", "关闭白条|com.gbbt.jd", "追款维权|com.zk.wq"], FIRST, MID, SHELL, "READ_CONTACTS SYSTEM_ALERT_WINDOW"),
    Kind("repacked_games", True, ["Angry Fruits Mod|com.agfr.mod", "王者外挂|com.wz.hack", "Clash Cheats|com.clcheat.gen", "吃鸡透视|com.cj.esp", "Free Gems Generator|com.fgems.tool"], FIRST, OLD + MID, f"{NET} READ_PHONE_STATE WRITE_EXTERNAL_STORAGE SYSTEM_ALERT_WINDOW", "READ_SMS SEND_SMS GET_TASKS INSTALL_SHORTCUT RECEIVE_BOOT_COMPLETED READ_LOGS REQUEST_INSTALL_PACKAGES"),
    Kind("miners", True, ["Coin Miner Pro|com.cmine.pro", "云矿机|com.ykj.mine", "Pi 挖矿|com.piwk.coin", "USDT 质押|com.usdtzy.fi"], FIRST + SMALL, MID + NEW[:2], f"{NET} WAKE_LOCK RECEIVE_BOOT_COMPLETED FOREGROUND_SERVICE", "REQUEST_IGNORE_BATTERY_OPTIMIZATIONS CAMERA READ_PHONE_STATE READ_CONTACTS"),
    Kind("early_families", True, ["|com.kxjdw.rtmsq", "Tools|com.test.remote", "|com.example.smsforward", "Installer|com.soft.installer", "update|com.upd.androidx", "System|com.google.system.core"], FIRST, OLD, f"{NET} READ_PHONE_STATE SEND_SMS RECEIVE_BOOT_COMPLETED WRITE_EXTERNAL_STORAGE", "READ_SMS RECEIVE_SMS READ_CONTACTS CALL_PHONE INSTALL_PACKAGES WRITE_APN_SETTINGS CHANGE_WIFI_STATE ACCESS_COARSE_LOCATION"),
]  # fmt: skip

EACH = 6
"""Rows drawn of a kind; names are used in turn."""


def rows() -> list[dict[str, Any]]:
    """All rows, the same each time."""
    chance = random.Random(20261101)
    out = []
    for kind in (*BENIGN, *BAD):
        side = "A" if hashlib.sha256(kind.code.encode()).digest()[0] % 2 else "B"
        for n in range(max(EACH, len(kind.names))):
            label, package = kind.names[n % len(kind.names)].split("|")
            asked = kind.always.split()
            asked += [one for one in kind.often.split() if chance.random() < 0.5]
            if not kind.malicious and chance.random() < 0.4:
                asked.append(f"{package}.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION")
            low, high = chance.choice(list(kind.levels))
            out.append(
                {
                    "id": f"{kind.code}-{n + 1}",
                    "package": package,
                    "label": label,
                    "version": chance.choice(list(kind.versions)),
                    "min_sdk": low,
                    "target_sdk": high,
                    "permissions": [one if "." in one else f"android.permission.{one}" for one in dict.fromkeys(asked)],
                    "malicious": int(kind.malicious),
                    "kind": kind.code,
                    "half": side,
                }
            )
    return out


if __name__ == "__main__":
    made = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
    Path(sys.argv[1]).write_text(made, encoding="utf-8")
