"""Messages written for these tests (none is in the training file), and batches made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from fanzha.records.door import admit
from fanzha.values import reserved

__all__ = ["ORDINARY", "SCAMS", "START_MS", "batch", "one_way"]

START_MS = 1_795_000_000_000

#: Main class → messages that belong to it.
SCAMS: dict[str, tuple[str, ...]] = {
    "SD": (
        "宝妈上班族看过来，手机点赞关注就能赚佣金，一单6元当场结，加微信kk8899进群领任务",
        "您前两单的本金和佣金已返还，第三单是福利单，请先垫付1800元，做完一起提现",
    ),
    "TZ": (
        "导师明天公布涨停黑马股，免费加群领取代码，跟着老师操作稳赚不赔，微信dd6677",
        "亲爱的，平台后台有漏洞，我带你操作USDT，充5万稳赚，赚了我们就结婚",
    ),
    "DK": (
        "您的30万贷款审批通过，因银行卡号填错资金被冻结，请先缴纳6000元解冻金后放款",
        "无抵押无担保，不看征信黑户可下，凭身份证秒批20万，点http://dk9.top/a申请贷款",
    ),
    "ZX": (
        "您好这里是京东金融，您大学时开的白条不符合国家规定，今天不注销会影响个人征信",
        "征信修复，逾期黑名单都能洗白，先办理后收费，处理征信不良记录加微信zx5566",
    ),
    "KF": (
        "您好我是中通客服，您的快递被我们弄丢了，现在给您三倍理赔，请加理赔专员微信lp2233",
        "您购买的童装甲醛超标需要退款，请打开支付宝备用金，多出来的钱转回给我们公司账户",
        "尊敬的旅客您好，您预订的航班因机械故障已取消，请致电客服4008765432办理改签并领取延误补偿300元",
    ),
    "GJF": (
        "我是市公安局刑侦支队，你名下银行卡涉嫌洗钱，立即把存款转入安全账户核查，不许告诉家人",
        "【社保局】您的电子社保卡已停用，请登录http://sb-gov.cc/x重新认证，逾期无法使用",
        "您的ETC认证失效，请点击 http://etc0.vip/q 更新信息，以免影响通行",
    ),
    "LD": (
        "小刘，我是王书记，这是我的私人号，明天上午来我办公室一趟",
        "妈，我手机摔坏了，这是同学的号，学校培训费要交4800，你加老师扣扣联系转钱",
    ),
    "JJ": (
        "您好，我是消防大队后勤的，单位采购一批床垫，还需要牛肉罐头，麻烦您帮忙联系供应商先垫一下货款",
        "我们部队要订50箱矿泉水，另外急需自热米饭，你先垫资帮我们从厂家订购，货款一起结算",
    ),
    "YX": (
        "您在交易平台出售的王者账号已卖出，因未开通商家认证资金冻结，请充值1500元保证金解冻后提现",
        "小朋友加群免费送皮肤，还能解除防沉迷，用爸妈手机扫码验证一下就行",
    ),
    "LL": (
        "你裸聊的视频我已经录屏，通讯录也在我手上，不转3万就群发给你的家人好友",
        "李总，你和情人的开房记录和亲密照在我手里，三天内汇8万到账户破财消灾，否则曝光",
    ),
    "QT": (
        "恭喜您被抽中为幸运用户，获得奖金9.8万元和笔记本一台，请登录http://hj.top/1领取，先交手续费",
        "高价收购银行卡手机卡对公账户，一张800元，日结，长期收，加QQ778899",
    ),
    "XQ": (
        "你儿子在我们手上，准备20万赎金，敢报警就撕票",
        "本人32岁嫁富商，丈夫不育，重金求子，见面先付50万定金，圆我母亲梦",
    ),
    "SH": (
        "【建设银行】您的手机银行今日失效，请速登录http://ccb-e.top/升级，否则账户冻结",
        "工行提醒：您的电子密码器明天过期，请登录我行网站www.icbvip.cc进行升级",
    ),
}

ORDINARY: tuple[str, ...] = (
    "【工商银行】您尾号8812的卡11月5日14:20消费支出人民币238.50元，余额6,120.33元。",
    "【建设银行】您尾号3301的账户收入工资9,850.00元，余额12,406.71元。",
    "【农业银行】您本期信用卡账单2,318.00元，最低还款231.80元，到期还款日11月20日，如已还款请忽略。",
    "【招商银行】您的验证码是604213，5分钟内有效，请勿向任何人泄露。",
    "【淘宝】您的验证码为882013，用于登录，请勿转发给他人。",
    "【顺丰速运】您的快件已到驿站，凭取件码5-2-6071领取，请于今日20点前取件。",
    "【菜鸟驿站】您有包裹在东门代收点，取件码8-3-1120，超三天将退回。",
    "您好，快递放门卫了，记得拿一下，谢谢",
    "外卖到楼下了，麻烦下来取一下",
    "【中国移动】您本月已使用流量12.6GB，剩余7.4GB，话费余额45.20元。",
    "您的话费余额不足10元，请及时充值。",
    "【12306】您已购12月3日G107次5车12A号，北京南开，请携带身份证乘车。",
    "妈，我今晚加班，不回来吃饭了，你们先吃",
    "儿子，降温了多穿点，生活费够不够",
    "晚上七点老地方打球，别迟到",
    "明天上午九点半在三楼会议室开会，请带上季度报表。",
    "家长您好，本周五下午召开家长会，请准时参加，收到请回复。",
    "【市人民医院】您预约的11月8日上午口腔科门诊成功，请提前30分钟取号。",
    "【国网电力】户号300****88，10月电费126.40元，已从绑定账户代扣。",
    "【市气象台】发布大雾黄色预警，请注意交通安全。",
    "【反诈中心】凡是让你先垫付资金的刷单都是诈骗，遇到可疑情况请拨打96110。",
    "民警提醒：公检法没有安全账户，接到自称公检法要求转账的电话请立即挂断。",
    "【某超市】周末鸡蛋5.9元一斤，满100减20，回T退订",
    "双十一大促，羽绒服低至三折，会员再减50，点击t.cn/a 退订回TD",
    "【税务局】个税年度汇算开始，请在个人所得税App办理，谨防诈骗链接。",
    "房租我转过去了，麻烦查收，谢谢",
    "小王，合同发你邮箱了，看完给我回个电话",
    "昨天饭钱多少，我转你",
    "生日快乐！晚上一起吃饭吧",
    "【滴滴出行】司机已到达上车点，车牌尾号6B21，请尽快上车。",
    "您的航班CA1302起飞时间调整为16:40，详情请查询航空公司官方App。",
    "Your verification code is 224466. Do not share it with anyone.",
    "Running ten minutes late, see you at the station",
    "哈哈哈好的，收到",
    "",
    "。。。",
)


def batch(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows through the door as one admitted batch; what is left out is invented."""
    whole = [
        {
            "event_id": n,
            "source": "test",
            "at": START_MS + 1_000 * n,
            "sender": reserved.mobile(1_000 + n),
            "recipient": reserved.mobile(n),
            "body": "您好",
            **row,
        }
        for n, row in enumerate(rows)
    ]
    types = {
        "event_id": pa.uint64(),
        "at": pa.timestamp("ms", tz="UTC"),
        "thread_id": pa.uint64(),
        "turn": pa.int32(),
    }
    names = list(dict.fromkeys(name for row in whole for name in row))
    table = pa.table(
        {
            name: pa.array([row.get(name) for row in whole], types.get(name, pa.string()))
            for name in names
        }
    )
    admitted = admit("text", table, "test")
    assert admitted.batch.num_rows == len(whole), admitted.refused
    frame = pl.from_arrow(admitted.batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def one_way(bodies: Sequence[str]) -> pl.DataFrame:
    """One text each, from a number of its own to a person of its own."""
    return batch([{"body": body} for body in bodies])
