"""The story that `gateway demo` plays: one week of a desk, every scene a mail or a moment."""

from dataclasses import dataclass
from typing import Final

ANN: Final = "ann@acme.example"
EVA: Final = "eva@desk.example"
LEE: Final = "lee@desk.example"
MIA: Final = "mia@desk.example"
SUPPORT: Final = "support@desk.example"
NAMES: Final = {ANN: "Ann", EVA: "Eva", LEE: "Lee", MIA: "Mia"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that happens."""

    day: int
    """Days after the Monday on which the story begins."""
    time: str
    """On the desk's wall clock."""
    title: str
    writer: str = ""
    """Who writes a mail; empty where only time passes."""
    subject: str = ""
    text: str = ""
    answers: str = ""
    """The letter to the writer that this mail replies to; empty for a new mail."""
    about: str = ""
    """A word in the subject of that letter, where there are several."""
    shows: str = ""
    """The letter whose first words are shown."""


STORY: Final = (
    Scene(
        day=0,
        time="10:00",
        title="Ann asks an ordinary question. The receipt promises an answer by a due time.",
        writer=ANN,
        subject="Tax settings",
        text="How do I set up VAT for customers in Spain?\n\nBest regards\nAnn",
        shows="ticket_received",
    ),
    Scene(
        day=0,
        time="10:20",
        title="Eva, an engineer, names a price by replying to her letter.",
        writer=EVA,
        text="#assess 2 Two of your settings contradict each other; I would put them right.",
        answers="engineer_new_ticket",
        about="Tax",
        shows="assessment_request",
    ),
    Scene(
        day=0,
        time="11:00",
        title="Ann agrees with one word. Ten of her forty credits are reserved, none is charged.",
        writer=ANN,
        text="confirm",
        answers="assessment_request",
        shows="assessment_confirmed",
    ),
    Scene(
        day=0,
        time="11:30",
        title="Eva answers in her mail client; with the answer the ten credits are charged, once.",
        writer=EVA,
        text="Open Settings, Taxes, Zones, add Spain, choose 21 %.\nThe two rules are merged now.",
        answers="engineer_new_ticket",
        about="Tax",
        shows="answer",
    ),
    Scene(
        day=1,
        time="02:40",
        title="At night Ann writes [HotRush]: her hour counts from the opening, duty hears now.",
        writer=ANN,
        subject="[HotRush] Shop is down",
        text="The storefront returns error 500 since midnight.\n\nAnn",
        shows="ticket_received_hotrush",
    ),
    Scene(
        day=1,
        time="09:05",
        title="The desk opens: Eva takes the ticket.",
        writer=EVA,
        text="#take",
        answers="engineer_hotrush_alert",
        about="Shop",
    ),
    Scene(
        day=1,
        time="09:15",
        title="Ann finds the cause herself and withdraws the urgency: one of three withdrawals.",
        writer=ANN,
        text="hotrush off\n\nOur provider had a fault. Please still look at the log when you can.",
        answers="ticket_received_hotrush",
        shows="hotrush_withdrawn",
    ),
    Scene(
        day=1,
        time="11:00",
        title="Eva has looked and answers free of charge.",
        writer=EVA,
        text="#free nothing to do\nThe log is clean since 06:10.",
        answers="engineer_hotrush_alert",
        about="Shop",
    ),
    Scene(
        day=1,
        time="12:00",
        title="Ann replies to an old mail with something else: it becomes a ticket of its own.",
        writer=ANN,
        subject="Newsletter is sent twice",
        text="By the way, I have another question that has nothing to do with this: every "
        "newsletter reaches our subscribers twice since the last campaign. Where can we find "
        "which list is duplicated?\n\nAnn",
        answers="answer",
        about="Tax",
        shows="ticket_split",
    ),
    Scene(
        day=1,
        time="13:00",
        title="Ann agrees to the price beforehand with [Agree up to 20].",
        writer=ANN,
        subject="[Agree up to 20] Orders vanish",
        text="Since yesterday some paid orders are missing from the export file.\n\nAnn",
    ),
    Scene(
        day=1,
        time="13:40",
        title="Eva names the price and answers in one mail: agreed, so it is charged at once.",
        writer=EVA,
        text="#assess 3\nThe export ran with a wrong time zone. I have repeated it.",
        answers="engineer_new_ticket",
        about="Orders",
        shows="answer",
    ),
    Scene(
        day=1,
        time="17:00",
        title="It was an error in our own software: #bug returns everything that was charged.",
        writer=EVA,
        text="#bug software\nThe time zone was our mistake. The next version has it right.",
        answers="engineer_new_ticket",
        about="Orders",
        shows="bug_confirmed",
    ),
    Scene(
        day=2,
        time="12:01",
        title="Nobody answered about the newsletter: reminder, warning, and at the due time Lee, "
        "the lead, hears of it.",
        shows="engineer_escalation",
    ),
    Scene(
        day=3,
        time="09:01",
        title="Still nothing by the next opening: now Mia, the manager, hears of it too.",
    ),
    Scene(
        day=3,
        time="09:30",
        title="Eva answers, too late: the promise stays missed in the report.",
        writer=EVA,
        text="#free we were late\nThe list 'Customers' is imported twice. I removed the copy.",
        answers="engineer_new_ticket",
        about="Newsletter",
    ),
    Scene(
        day=4,
        time="10:00",
        title="Ann orders credits by mail, and says thank you.",
        writer=ANN,
        text="buy 50\n\nThanks a lot!",
        answers="answer",
        about="Newsletter",
        shows="purchase_invoice",
    ),
)
