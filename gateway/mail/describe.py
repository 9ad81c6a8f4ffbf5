"""Describe a mail for `gateway parse --json`: what the gateway sees in it."""

from typing import TypedDict

from gateway.mail.message import Mail


class DescribedFile(TypedDict):
    """One attachment."""

    filename: str
    content_type: str
    size: int


class DescribedRecipient(TypedDict):
    """One recipient of a delivery report."""

    recipient: str
    status: str
    action: str


class Description(TypedDict):
    """The keys of `gateway parse --json`, but for `file`."""

    from_addr: str
    from_name: str
    to: list[str]
    cc: list[str]
    subject: str
    message_id: str | None
    in_reply_to: str | None
    references: list[str]
    text: str
    reply_text: str
    attachments: list[DescribedFile]
    auto_reply: bool
    no_ack: bool
    bounce: bool
    bounced: list[DescribedRecipient]
    defects: list[str]


def describe(mail: Mail) -> Description:
    """The mail as a JSON object; ids without angle brackets."""
    originator = mail.originator
    if not originator.address:
        for mailbox in (*mail.sender, *mail.reply_to):
            if mailbox.address:
                originator = mailbox
                break
    recipients = mail.report.recipients if mail.report else ()
    return Description(
        from_addr=originator.address,
        from_name=originator.name,
        to=[mailbox.address for mailbox in mail.to if mailbox.address],
        cc=[mailbox.address for mailbox in mail.cc if mailbox.address],
        subject=mail.subject,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to[0] if mail.in_reply_to else None,
        references=list(mail.references),
        text=mail.text,
        reply_text=mail.new_text,
        attachments=[
            DescribedFile(filename=each.filename, content_type=each.content_type, size=each.size)
            for each in mail.attachments
        ],
        auto_reply=_is_answer(mail),
        no_ack=bool(mail.automatic) or mail.response_suppressed,
        bounce=mail.report is not None,
        bounced=[
            DescribedRecipient(recipient=each.recipient, status=each.status, action=each.action)
            for each in recipients
        ],
        defects=list(mail.defects),
    )


def _is_answer(mail: Mail) -> bool:
    """A machine's answer: neither a report on delivery nor a person's mail a machine passed on."""
    return (
        bool(mail.automatic)
        and mail.report is None
        and mail.automatic != "auto-submitted: auto-forwarded"
    )
