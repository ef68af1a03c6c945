"""Broken bytes and nasty texts, drawn from a seeded chance."""

from __future__ import annotations

from random import Random

_EDGES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")
_ALPHABETS = (
    "0123456789+-*#() ",
    "0123456789abcdefxyzABCDEFXYZ:.-_/@?%[]\\&=#",
    "零壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正人民币负",
    "０１２３٣²①Ⅻ一二\u200b\u202e\ufeff\x00。．😀ßéİ\u0301\u3000\u2028",
    "您好，贵公司账户冻结请点击链接验证码退款客服转账安全刷单兼职￥$ⅤX微♥信 vx加我",
    "{}[]\":,\\/ntrueflas0123456789.eE+-'",
    "：:.-/TZ0123456789 年月日",
)


def broken(chance: Random, data: bytes, most: int = 6) -> bytes:
    """The bytes with one to `most` wounds: changed, cut, doubled, put in, taken out."""
    body = bytearray(data)
    for _ in range(chance.randint(1, most)):
        at = chance.randrange(len(body) + 1)
        upto = min(len(body), at + chance.choice((1, 2, 4, 8, 64)))
        match chance.randrange(8):
            case 0 | 1:
                body[at:upto] = chance.randbytes(upto - at)
            case 2:
                body[at:at] = chance.randbytes(chance.choice((1, 2, 4, 16)))
            case 3:
                del body[at:upto]
            case 4:
                edge = chance.choice(_EDGES)
                body[at : at + len(edge)] = edge
            case 5:
                body[at:at] = body[at:upto] * chance.choice((1, 2, 9))
            case 6:
                if at < len(body):
                    body[at] ^= 1 << chance.randrange(8)
            case _:
                if chance.random() < 0.3:
                    del body[at:]
    return bytes(body)


def text(chance: Random, most: int = 60) -> str:
    """Any text: of one alphabet, of several, of any code point that UTF-8 can carry."""
    length = chance.randint(0, most)
    if chance.random() < 0.2:
        points = (chance.randrange(0x110000) for _ in range(length))
        return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)
    alphabets = chance.sample(_ALPHABETS, chance.randint(1, 3))
    return "".join(chance.choice(chance.choice(alphabets)) for _ in range(length))


def like(chance: Random, seed: str, most: int = 4) -> str:
    """A text close to this one."""
    found = list(seed)
    for _ in range(chance.randint(0, most)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(4):
            case 0:
                found[at : at + 1] = text(chance, 3)
            case 1:
                del found[at : at + chance.choice((1, 2, 5))]
            case 2:
                found[at:at] = text(chance, 6)
            case _:
                found[at:at] = found[: chance.randint(0, len(found))]
    return "".join(found)[:5_000]
