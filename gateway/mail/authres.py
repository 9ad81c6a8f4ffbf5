"""Read what a trusted server says about the sender: Authentication-Results (RFC 8601).

Rules for this file:
1. Only fields of the configured server count, and only the topmost block of them: one that stands
   below a later Received field may be forged (A09).
2. A verdict is about the From that *we* read; about another domain it is none (A11).
3. Weak is not wrong: what makes a pass weak is named, the caller decides what it asks for.

Tolerated: Google's and ARC's forms, Microsoft's without authserv-id, comments anywhere, missing
semicolons. Sources: RFC 8601 section 2.2, RFC 6376 sections 3.5 and 5.4, RFC 7489 section 3.1.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.mail.address import domain_of
from gateway.mail.defect import Defect
from gateway.mail.message import Mail, TraceField
from gateway.mail.phrase import words

_VALUE_MAX: Final = 8192
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([;()])|([^\s;()"]+)|\\.', re.DOTALL)
_RESULT: Final = re.compile(
    r"([a-z][a-z0-9-]{0,30})(?:/\d+)?\s*=\s*([a-z][a-z0-9_-]{0,30})$", re.IGNORECASE
)
_PROPERTY: Final = re.compile(r"([a-z][a-z0-9-]{0,30}(?:\.[a-z0-9_-]{1,40})?)=(.*)$", re.IGNORECASE)
_TAG: Final = re.compile(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)
_METHODS: Final = words("""
    auth dkim dkim-adsp dkim-atps dmarc domainkeys iprev rrvs sender-id smime spf vbr arc bimi
    dnswl compauth x-tls x-ptr
""")
_MUST_BE_SIGNED: Final = frozenset({"from", "to", "subject", "date"})


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method's result with its properties: `dkim`, `pass`, `(("header.d", "x.example"),)`."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """The first property of that name, such as `header.from`; empty where there is none."""
        return next((value for key, value in self.properties if key == name), "")


@dataclass(frozen=True, slots=True)
class Results:
    """One Authentication-Results field; `authserv_id` is empty in Microsoft's form."""

    authserv_id: str
    methods: tuple[MethodResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Whose word counts for a mailbox; the default trusts nobody."""

    authserv_ids: frozenset[str] = frozenset()
    """Lower case; a field counts if its authserv-id is one of them."""
    is_microsoft: bool = False
    """Microsoft 365 writes no authserv-id: the topmost field without one is its own."""


NOBODY: Final = Profile()
GOOGLE: Final = Profile(authserv_ids=frozenset({"mx.google.com"}))
MICROSOFT365: Final = Profile(is_microsoft=True)


def profile_named(name: str, authserv_id: str = "") -> Profile:
    """The profile of a setting `google`, `microsoft365` or `authserv-id` (with the id).

    Raises `ValueError` for another name, and for an authserv-id profile without an id.
    """
    if name == "google":
        return GOOGLE
    if name == "microsoft365":
        return MICROSOFT365
    if name == "authserv-id" and authserv_id.strip():
        return Profile(authserv_ids=frozenset({authserv_id.strip().lower().rstrip(".")}))
    raise ValueError(f"no trust profile {name!r} with authserv-id {authserv_id!r}")


class Weakness(StrEnum):
    """Why a pass deserves less than full trust, or why there is no verdict."""

    NO_RESULTS = "no-trusted-results"
    FROM_NOT_CLEAN = "from-not-clean"
    FROM_MISMATCH = "from-mismatch"
    """The verdict is about another domain than the From that we read (A11)."""
    STRAY_CR_LF = "stray-cr-lf"
    """Server and we may have read different header fields (A10)."""
    SPF_ONLY = "spf-only"
    """Any customer of the same sending service passes SPF (A17)."""
    DKIM_LENGTH = "dkim-length"
    """Signed with `l=`: text may have been appended (A16)."""
    DKIM_UNSIGNED = "dkim-unsigned-fields"
    """From, To, Subject or Date is not signed: it may have been replaced (A16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the trusted server found about the From of a mail."""

    dmarc: str = ""
    """Result word for the From domain: `pass`, `fail`, `none`, …; empty where nothing was said."""
    dkim_aligned: bool = False
    """A valid signature of the From domain, or of a parent of it."""
    spf: str = ""
    weak: tuple[Weakness, ...] = ()

    @property
    def is_pass(self) -> bool:
        """`dmarc=pass` or an aligned `dkim=pass`, about the From that we read."""
        return not self.is_fail and (self.dmarc == "pass" or self.dkim_aligned)

    @property
    def is_strong(self) -> bool:
        """A pass with nothing against it."""
        return self.is_pass and not self.weak

    @property
    def is_fail(self) -> bool:
        """The domain's owner says that such mail is not from there."""
        return self.dmarc == "fail"


def read_results(value: str) -> Results:
    """The value of one Authentication-Results field; what cannot be read is left out."""
    segments = _segments(value[:_VALUE_MAX])
    authserv_id = ""
    while segments and not authserv_id:
        head = segments[0]
        if head and (head[0].lower() == "i" or re.fullmatch(r"i=\d{1,3}", head[0])):
            segments.pop(0)
        elif head and "=" not in head[0]:
            authserv_id = head[0].lower().rstrip(".")
            segments[0] = head[1:]
        else:
            break
    methods: list[MethodResult] = []
    for segment in segments:
        methods += _methods(segment)
    return Results(authserv_id, tuple(methods))


def _segments(value: str) -> list[list[str]]:
    """Words of a value, in the pieces between semicolons, without comments; one pass."""
    segments: list[list[str]] = [[]]
    depth = 0
    last_end = -1
    for found in _TOKEN.finditer(value):
        quoted, special, word = found.groups()
        if special == "(":
            depth += 1
        elif special == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif special == ";":
            segments.append([])
        elif quoted is not None or word is not None:
            _append(segments[-1], word or quoted or "", touches=found.start() == last_end)
            last_end = found.end()
    return [segment for segment in segments if segment]


def _append(segment: list[str], text: str, *, touches: bool) -> None:
    """Add a word; the pieces of `name = "value"` become one."""
    if segment and (touches or segment[-1].endswith("=") or text.startswith("=")):
        segment[-1] += text
    else:
        segment.append(text)


def _methods(words: list[str]) -> list[MethodResult]:
    """The method of one piece; more than one where semicolons are missing."""
    found: list[MethodResult] = []
    method = result = ""
    properties: list[tuple[str, str]] = []
    for word in words:
        match = _RESULT.match(word)
        if match and match[1].lower() in _METHODS:
            if method:
                found.append(MethodResult(method, result, tuple(properties)))
            method, result, properties = match[1].lower(), match[2].lower(), []
            continue
        pair = _PROPERTY.match(word)
        if pair and method:
            properties.append((pair[1].lower(), pair[2].strip('"')))
    if method:
        found.append(MethodResult(method, result, tuple(properties)))
    return found


def trusted_results(trace: tuple[TraceField, ...], profile: Profile) -> tuple[MethodResult, ...]:
    """All results of the topmost block of the profile's own fields.

    A block ends at the next Received field: filters of one server write a field each, without a hop
    between them.
    """
    methods: list[MethodResult] = []
    begun = False
    for each in trace:
        if each.name == "received" and begun:
            break
        if each.name != "authentication-results":
            continue
        results = read_results(each.value)
        ours = results.authserv_id in profile.authserv_ids or (
            profile.is_microsoft and not results.authserv_id
        )
        if ours:
            begun = True
            methods += results.methods
    return tuple(methods)


def has_forged_results(mail: Mail, profile: Profile) -> bool:
    """Whether a field in the name of a trusted server stands below that server's block (A09)."""
    begun = ended = False
    for each in mail.trace:
        ended = ended or (begun and each.name == "received")
        if each.name != "authentication-results":
            continue
        if read_results(each.value).authserv_id in profile.authserv_ids:
            if ended:
                return True
            begun = True
    return False


def verdict(mail: Mail, profile: Profile) -> Verdict:
    """What the server of `profile` found about the From of `mail`."""
    methods = trusted_results(mail.trace, profile)
    if not methods:
        return Verdict(weak=(Weakness.NO_RESULTS,))
    weak: list[Weakness] = []
    if Defect.STRAY_CR_LF in mail.defects:
        weak.append(Weakness.STRAY_CR_LF)
    if not mail.from_is_clean:
        weak.append(Weakness.FROM_NOT_CLEAN)
    domain = domain_of(mail.originator.address)
    spf = next((each.result for each in methods if each.method == "spf"), "")
    dmarc = _dmarc(methods, domain, weak)
    if weak or not domain:
        # A failure stays one, whatever else is wrong; a pass about a doubtful From is none.
        return Verdict(dmarc=dmarc if dmarc == "fail" else "", spf=spf, weak=tuple(weak))
    signers = [
        _domain(each.value("header.d") or each.value("header.i").rpartition("@")[2])
        for each in methods
        if each.method == "dkim" and each.result == "pass"
    ]
    aligned = [signer for signer in signers if _is_aligned(domain, signer)]
    weak += _weaknesses(mail, aligned)
    if dmarc == "pass" and not aligned and spf == "pass":
        weak.append(Weakness.SPF_ONLY)
    return Verdict(dmarc=dmarc, dkim_aligned=bool(aligned), spf=spf, weak=tuple(weak))


def _dmarc(methods: tuple[MethodResult, ...], domain: str, weak: list[Weakness]) -> str:
    """DMARC's result for the From domain; the worst where filters disagree."""
    words = []
    for each in methods:
        if each.method != "dmarc":
            continue
        about = _domain(each.value("header.from"))
        if each.result == "pass" and about and about != domain:
            weak.append(Weakness.FROM_MISMATCH)
        else:
            words.append(each.result)
    for word in ("fail", "pass"):
        if word in words:
            return word
    return words[0] if words else ""


def _domain(value: str) -> str:
    """The domain of a property, which may be written as an address."""
    value = value.strip("<>").rpartition("@")[2]
    return domain_of(f"x@{value}") if value else ""


def _is_aligned(domain: str, signer: str) -> bool:
    """Whether a signature of `signer` speaks for `domain`: its own, or of a parent of two labels.

    A sub-domain does not speak for its parent: on shared hosting it is another customer.
    """
    return bool(signer) and (domain == signer or ("." in signer and domain.endswith("." + signer)))


def _weaknesses(mail: Mail, aligned: list[str]) -> list[Weakness]:
    """What the aligned signatures leave open, going by their own tags (RFC 6376 section 3.5).

    If one of several signatures of a domain is complete, the mail is as good as that one.
    """
    worst: list[Weakness] = []
    for each in mail.trace:
        if each.name != "dkim-signature":
            continue
        tags = {name.lower(): value for name, value in _TAG.findall(each.value[:_VALUE_MAX])}
        if _domain(tags.get("d", "").strip()) not in aligned:
            continue
        found: list[Weakness] = []
        if "l" in tags:
            found.append(Weakness.DKIM_LENGTH)
        signed = {name.strip().lower() for name in tags.get("h", "").split(":")}
        if not signed >= _MUST_BE_SIGNED:
            found.append(Weakness.DKIM_UNSIGNED)
        if not found:
            return []
        worst = worst or found
    return worst
