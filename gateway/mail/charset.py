"""Turn labelled bytes into text the way browsers do, from an allow-list of charsets.

Rules for this file:
1. Only charsets of the table are used; a label is looked up, never handed to `codecs.lookup`,
   which knows `unicode_escape`, `idna` and other surprises (A60).
2. It never raises, and what cannot be read becomes U+FFFD.

Sources: WHATWG Encoding Standard (labels), RFC 1922, RFC 2237, and labels seen in mail.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.mail.defect import Defect
from gateway.mail.limits import GUESS_BYTES_MAX
from gateway.mail.phrase import words

_CODECS: Final[dict[str, str]] = {
    "utf_8": "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf utf8mb4 cp65001 iso10646utf8",
    "utf_16": "utf16 ucs2 unicode csunicode iso10646ucs2",
    "utf_16_le": "utf16le unicodefeff",
    "utf_16_be": "utf16be unicodefffe",
    "utf_32": "utf32 ucs4",
    # Browsers read Latin-1 and ASCII as windows-1252: that is what writers mean.
    "cp1252": (
        "usascii ascii us iso646us ansix341968 cp367 ibm367 646 7bit 8bit windows1252 cp1252"
        " xcp1252 win1252 ansi iso88591 iso885911987 latin1 l1 isolatin1 isoir100 cp819 ibm819"
    ),
    "iso8859_2": "iso88592 iso885921987 latin2 l2 isoir101",
    "iso8859_3": "iso88593 latin3 l3 isoir109",
    "iso8859_4": "iso88594 latin4 l4 isoir110",
    "iso8859_5": "iso88595 cyrillic isoir144",
    "iso8859_6": "iso88596 iso88596i iso88596e arabic isoir127 asmo708 ecma114",
    "iso8859_7": "iso88597 greek greek8 isoir126 elot928 ecma118 suneugreek",
    "iso8859_8": "iso88598 iso88598i iso88598e logical visual hebrew isoir138",
    "cp1254": "iso88599 iso885991989 latin5 l5 isoir148 windows1254 cp1254 xcp1254 win1254",
    "iso8859_10": "iso885910 latin6 l6 isoir157",
    "cp874": "iso885911 tis620 dos874 windows874 cp874 win874",
    "iso8859_13": "iso885913 latin7 l7",
    "iso8859_14": "iso885914 latin8 l8",
    "iso8859_15": "iso885915 latin9 latin0 l9 cp923",
    "iso8859_16": "iso885916 latin10 l10",
    "cp1250": "windows1250 cp1250 xcp1250 win1250",
    "cp1251": "windows1251 cp1251 xcp1251 win1251 win cswindows1251",
    "cp1253": "windows1253 cp1253 xcp1253 win1253",
    "cp1255": "windows1255 cp1255 xcp1255 win1255",
    "cp1256": "windows1256 cp1256 xcp1256 win1256",
    "cp1257": "windows1257 cp1257 xcp1257 win1257",
    "cp1258": "windows1258 cp1258 xcp1258 win1258",
    "cp437": "cp437 ibm437 437 dosus",
    "cp737": "cp737 ibm737 737",
    "cp775": "cp775 ibm775 775",
    "cp850": "cp850 ibm850 850",
    "cp852": "cp852 ibm852 852",
    "cp855": "cp855 ibm855 855",
    "cp857": "cp857 ibm857 857",
    "cp858": "cp858 ibm858 858 ibm00858",
    "cp860": "cp860 ibm860 860",
    "cp861": "cp861 ibm861 861",
    "cp862": "cp862 ibm862 862",
    "cp863": "cp863 ibm863 863",
    "cp864": "cp864 ibm864 864",
    "cp865": "cp865 ibm865 865",
    "cp866": "cp866 ibm866 866",
    "cp869": "cp869 ibm869 869",
    "cp1125": "cp1125 ibm1125 cp866u ruscii",
    "koi8_r": "koi8r koi8 koi cskoi8r",
    "koi8_u": "koi8u koi8ru",
    "koi8_t": "koi8t",
    "mac_roman": "macintosh mac macroman xmacroman",
    "mac_cyrillic": "maccyrillic xmaccyrillic macukrainian xmacukrainian",
    "mac_greek": "macgreek xmacgreek",
    "mac_latin2": "maclatin2 maccentraleurope xmacce xmaccentraleurope maccentraleurroman",
    "mac_turkish": "macturkish xmacturkish",
    "mac_iceland": "maciceland xmacicelandic",
    "kz1048": "kz1048 rk1048 strk10482002",
    "ptcp154": "ptcp154 cp154 cyrillicasian pt154",
    "hp_roman8": "hproman8 roman8 r8",
    "gb18030": (
        "gb18030 gb2312 gbk xgbk cp936 ms936 windows936 gb231280 csgb2312 chinese euccn xeuccn"
        " isoir58 csiso58gb231280"
    ),
    "hz": "hz hzgb2312 hzgb",
    "big5hkscs": "big5 big5hkscs cp950 ms950 xxbig5 xbig5 cnbig5 csbig5 big5eten",
    "cp949": (
        "euckr xeuckr ksc5601 ksc56011987 ksc56011989 ksc5601992 ksx1001 korean cp949 ms949 uhc"
        " windows949 isoir149 cseuckr"
    ),
    "johab": "johab cp1361",
    "iso2022_kr": "iso2022kr csiso2022kr",
    "cp932": "shiftjis sjis xsjis mskanji cp932 ms932 windows31j windows932 csshiftjis",
    "euc_jp": "eucjp xeucjp ujis cseucpkdfmtjapanese",
    "iso2022_jp_ext": (
        "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jpms csiso2022jp cp50220 cp50221"
        " iso2022jpext iso2022jp2004"
    ),
}
CODEC_OF_LABEL: Final = {
    label: codec for codec, labels in _CODECS.items() for label in labels.split()
}

_ASCII_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LATIN: Final = words("""
    cp1252 cp1250 iso8859_2 cp1254 cp1257
""")
_NOT_LATIN: Final = words("""
    cp1251 koi8_r koi8_u iso8859_5 cp866 cp1253 iso8859_7 cp1255 iso8859_8 cp1256 cp874 gb18030
    big5hkscs cp932 euc_jp cp949
""")
"""What unlabelled mail is written in; guesses beyond these are statistics, not charsets."""
_NOISE: Final = re.compile(r"[^a-z0-9]+")
_ISO_2022: Final = re.compile(rb"\x1b[$(]")
_JIS_TEXT: Final = re.compile(rb"\x1b(\$[@B]|\([BJI]|\$\([@BD])")


class Decoded(NamedTuple):
    """Text, and what was wrong with its label."""

    text: str
    defect: Defect | None = None


def codec_of(label: str) -> str | None:
    """The Python codec for a charset label, or `None` for one that is not on the list."""
    return CODEC_OF_LABEL.get(_NOISE.sub("", label.partition("*")[0].lower()[:60]))


def decode(data: bytes, label: str = "", hint: str = "") -> Decoded:
    """Bytes as text: by `label`; without a (known) label UTF-8, then `hint`, then a guess."""
    codec = codec_of(label) if label else None
    if codec is None:
        unknown = Defect.CHARSET_UNKNOWN if label else None
        return Decoded(decode_unlabelled(data, hint), unknown)
    if codec == "cp1252":
        return _decode_1252(data, label)
    try:
        return Decoded(data.decode(codec).removeprefix("\ufeff"))
    except (UnicodeError, ValueError):
        return _decode_misfit(data, codec)


def decode_unlabelled(data: bytes, hint: str = "") -> str:
    """Text of bytes that carry no label: UTF-8 if it is valid, else `hint`, else a guess."""
    if data.isascii():
        return _decode_jis(data) if _ISO_2022.search(data) else data.decode("ascii")
    hinted = codec_of(hint) if hint else None
    for codec in ("utf_8", hinted):
        # windows-1252 reads everything, and is what mailers say that do not know: no hint at all.
        if codec and not (codec == "cp1252" and codec is hinted):
            try:
                return data.decode(codec).removeprefix("\ufeff")
            except (UnicodeError, ValueError):
                continue
    return data.decode(guess_codec(data), "replace").removeprefix("\ufeff")


def guess_codec(data: bytes) -> str:
    """The most likely codec of 8-bit text that is not UTF-8; windows-1252 where none is likely."""
    return _guess(data[:GUESS_BYTES_MAX])


# A hostile mail says the same five hundred times; the statistics cost 5 ms each time.
@lru_cache(maxsize=32)
def _guess(data: bytes) -> str:
    import chardet  # noqa: PLC0415 - half of all mails never need it, and its tables are large

    plain = sum(1 for byte in data if byte in _ASCII_LETTERS)
    high = sum(1 for byte in data if byte >= 0x80)
    # A few accents among many ASCII letters are Latin, whatever the statistics of so few say.
    likely = _LATIN if high * 4 < plain else _LATIN | _NOT_LATIN
    for found in chardet.detect_all(data):
        codec = CODEC_OF_LABEL.get(_NOISE.sub("", (found.get("encoding") or "").lower()))
        if codec in likely:
            return codec
    return "cp1252"


def _decode_misfit(data: bytes, codec: str) -> Decoded:
    """Text of bytes that their label cannot read."""
    if codec == "iso2022_jp_ext":
        # A seven-bit charset: bytes with the eighth bit are another one under its label.
        text = _decode_jis(data) if data.isascii() else decode_unlabelled(data)
        return Decoded(text, None if data.isascii() else Defect.CHARSET_MISFIT)
    if codec != "utf_8":
        try:
            return Decoded(data.decode("utf_8"), Defect.CHARSET_MISFIT)
        except UnicodeError:
            pass
    return Decoded(data.decode(codec, "replace").removeprefix("\ufeff"), Defect.CHARSET_MISFIT)


def _decode_1252(data: bytes, label: str) -> Decoded:
    """Latin-1 and ASCII as browsers read them, where the label is to be believed."""
    if data.isascii():
        # Japanese mail often forgets its label; pure ASCII bytes with ISO 2022 shifts tell.
        if _ISO_2022.search(data):
            return Decoded(_decode_jis(data), Defect.CHARSET_MISFIT)
        return Decoded(data.decode("ascii"))
    if "1252" in label or "8859" in label or "latin" in label.lower():
        return Decoded(_as_browser_1252(data))
    # us-ascii with 8-bit bytes says nothing: the writer did not know.
    return Decoded(decode_unlabelled(data), Defect.CHARSET_MISFIT)


def _as_browser_1252(data: bytes) -> str:
    """windows-1252 with its five holes filled from Latin-1, as the WHATWG table has them."""
    return "".join(
        chunk.decode("cp1252")
        if chunk[0] not in b"\x81\x8d\x8f\x90\x9d"
        else chunk.decode("latin-1")
        for chunk in re.findall(rb"[\x81\x8d\x8f\x90\x9d]+|[^\x81\x8d\x8f\x90\x9d]+", data)
    )


def _decode_jis(data: bytes) -> str:
    """ISO-2022-JP with the vendor characters that real mail uses, by way of Shift_JIS (CP932)."""
    pieces = _JIS_TEXT.split(data)
    out = [pieces[0].decode("ascii", "replace")]
    for shift, run in zip(pieces[1::2], pieces[2::2], strict=True):
        if shift in (b"$@", b"$B", b"$(@", b"$(B"):
            out.append(_decode_jis_0208(run))
        elif shift == b"(I":
            out.append(bytes(byte | 0x80 for byte in run).decode("cp932", "replace"))
        elif shift == b"$(D":
            out.append((b"\x1b$(D" + run + b"\x1b(B").decode("iso2022_jp_ext", "replace"))
        else:
            out.append(run.decode("ascii", "replace"))
    return "".join(out)


def _decode_jis_0208(run: bytes) -> str:
    """Pairs of JIS X 0208 bytes; line ends may stand between them although they should not."""
    shifted = bytearray()
    at = 0
    while at < len(run):
        lead = run[at]
        if lead < 0x21 or at + 1 >= len(run):
            shifted.append(lead)
            at += 1
            continue
        trail = run[at + 1]
        row = (lead - 0x21) >> 1
        shifted.append(row + (0x81 if row < 0x1F else 0xC1))
        offset = trail + (0x7E if lead % 2 == 0 else 0x1F if trail < 0x60 else 0x20)
        shifted.append(offset & 0xFF)
        at += 2
    return bytes(shifted).decode("cp932", "replace")
