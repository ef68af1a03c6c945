"""Names of invented people: a common surname and one or two given characters, drawn for columns."""

from __future__ import annotations

import numpy as np

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"
    "任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲芬燕彬鹏宇浩凯欣怡佳晨雨泽梓涵轩悦然思远"
    "文博子豪俊晓春梅兰竹菊国建志永福海波清澜松云雪冰月星辰安宁康乐诚信义德才贤良达成立新向东卫民爱"
)


def persons(rng: np.random.Generator, n: int) -> list[str]:
    """`n` names; common surnames come more often."""
    weights = 1.0 / np.sqrt(np.arange(1, len(_SURNAMES) + 1))
    first = rng.choice(len(_SURNAMES), size=n, p=weights / weights.sum())
    given = rng.integers(len(_GIVEN), size=(n, 2))
    short = rng.random(n) < 0.22
    return [
        _SURNAMES[s] + _GIVEN[a] + ("" if one else _GIVEN[b])
        for s, (a, b), one in zip(first.tolist(), given.tolist(), short.tolist(), strict=True)
    ]
