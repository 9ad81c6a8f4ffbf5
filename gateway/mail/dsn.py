"""Read delivery reports."""

from gateway.mail.header import Header
from gateway.mail.message import DeliveryReport
from gateway.mail.part import Tree


def read_report(header: Header, tree: Tree) -> DeliveryReport | None:
    """What a mail reports on another's delivery."""
    if tree.parts[0].content_type == "multipart/report":
        return DeliveryReport()
    return None
