"""What was wrong with a mail: the names that `Mail.defects` holds and callers test for."""

from enum import StrEnum


class Defect(StrEnum):
    """One thing that a conforming mail would not have; the value is what is shown and stored."""

    LIMIT_SIZE = "limit:size"
    LIMIT_HEADER_BYTES = "limit:header-bytes"
    LIMIT_FIELD_COUNT = "limit:field-count"
    LIMIT_FIELD_BYTES = "limit:field-bytes"
    LIMIT_DEPTH = "limit:depth"
    LIMIT_PARTS = "limit:parts"
    LIMIT_TEXT = "limit:text"

    STRAY_CR_LF = "header:stray-cr-lf"
    """A CR or LF that ends no line: neutralised, but the mail deserves no authority (A10)."""
    NOT_A_FIELD = "header:not-a-field"
    NO_HEADER = "header:none"

    FROM_MISSING = "from:missing"
    FROM_REPEATED = "from:repeated"
    FROM_NOT_SINGLE = "from:not-single"
    FROM_MALFORMED = "from:malformed"

    DATE_MALFORMED = "date:malformed"

    BOUNDARY_MISSING = "mime:boundary-missing"
    BOUNDARY_NOT_CLOSED = "mime:boundary-not-closed"
    BASE64_BROKEN = "mime:base64-broken"
    ENCODING_UNKNOWN = "mime:encoding-unknown"
    CHARSET_UNKNOWN = "charset:unknown"
    CHARSET_MISFIT = "charset:misfit"
    """The bytes are not what the label says: replaced or guessed."""


LIMITS = frozenset(defect for defect in Defect if defect.startswith("limit:"))
"""Defects after which parts of the mail were not looked at."""
