"""What we say to a peer: replies with enhanced status codes that tell nothing of our inside.

The library's own replies are replaced by their code: some repeat what the peer said, some tell of
software, most lack the status code that we announce (RFC 2034, RFC 3463).
"""

import re
from typing import Final

UNKNOWN_MAILBOX: Final = "550 5.1.1 No such mailbox here"
NO_RELAY: Final = "550 5.7.1 We take no mail for others"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Too many recipients"
BAD_ADDRESS: Final = "501 5.1.3 Bad address syntax"
BAD_SENDER: Final = "501 5.1.7 Bad sender address syntax"
NEEDS_SMTPUTF8: Final = "553 5.6.7 Address needs SMTPUTF8"
TOO_LARGE: Final = "552 5.3.4 Message too large"
NO_ROOM: Final = "452 4.3.1 Insufficient storage, try again later"
OUR_FAULT: Final = "451 4.3.0 Local trouble, try again later"
TOO_BUSY: Final = "451 4.3.2 Too busy, try again later"
BAD_SYNTAX: Final = "500 5.5.2 Syntax error"
NEED_RECIPIENT: Final = "503 5.5.1 Need RCPT command"
NEED_TLS: Final = "530 5.7.0 Must issue a STARTTLS command first"
NEED_LOGIN: Final = "530 5.7.0 Authentication required"
BAD_LOGIN: Final = "535 5.7.8 Authentication credentials invalid"
GO_AHEAD: Final = "354 End data with <CR><LF>.<CR><LF>"
EARLY_TALKER: Final = "554 5.5.0 Talked before the greeting"
CROWDED: Final = "421 4.3.2 Too many connections, try again later"
FLOOD: Final = "421 4.7.0 Too many commands without a mail"
TOO_MANY_ERRORS: Final = "421 4.7.0 Too many errors"
TOO_MANY_MAILS: Final = "421 4.7.0 Enough mails for one connection, connect again"
TIMED_OUT: Final = "421 4.4.2 Timeout, closing the connection"
GOING_DOWN: Final = "421 4.3.2 Shutting down, try again later"

_GENERIC: Final = {
    "214": "214 2.0.0 See RFC 5321",
    "220": "220 2.0.0 Ready to start TLS",
    "221": "221 2.0.0 Bye",
    "250": "250 2.0.0 OK",
    "252": "252 2.5.0 Cannot verify, send a mail and see",
    "454": "454 4.7.0 TLS not available",
    "500": BAD_SYNTAX,
    "501": "501 5.5.4 Syntax error in parameters",
    "502": "502 5.5.1 Command not implemented",
    "503": "503 5.5.1 Bad sequence of commands",
    "504": "504 5.5.4 Parameter not implemented",
    "530": NEED_TLS,
    "550": "550 5.7.1 Refused",
    "552": TOO_LARGE,
    "553": "553 5.1.3 Bad address syntax",
    "554": "554 5.7.0 Refused",
    "555": "555 5.5.4 Parameter not recognised",
}
MALFORMED: Final = "553 5.1.3 Error: malformed address"
"""What aiosmtpd says of a path that is none."""
_ENHANCED: Final = re.compile(r"[245]\d\d [245]\.\d{1,3}\.\d{1,3} ")


def generic(reply: str) -> str:
    """A reply with its enhanced status code: as it stands, or the usual one of its code."""
    if reply == MALFORMED:
        return BAD_ADDRESS
    if _ENHANCED.match(reply) or reply[:3] in ("334", "354"):
        return reply
    return _GENERIC.get(reply[:3], OUR_FAULT)
