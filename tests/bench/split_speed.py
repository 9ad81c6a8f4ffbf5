"""Milliseconds of one core that weighing the topic of a mail takes.

    python tests/bench/split_speed.py

Made-up mails of ordinary lengths, and the worst of each kind that may come; the default model with
what a desk of a thousand mails has learned. A mail may take 5 ms (issue: likeness, default).
"""

import random
import re
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from mail_builders import raw_mail, read  # noqa: E402 - found by the path above
from test_desk_split import KEYS, POLICY, TICKET, TOPIC  # noqa: E402 - found by the path above

from gateway.desk.clues import find_clues  # noqa: E402 - found by the path above
from gateway.desk.draft import Draft  # noqa: E402 - found by the path above
from gateway.desk.facts import Facts  # noqa: E402 - found by the path above
from gateway.desk.learned import Learned  # noqa: E402 - found by the path above
from gateway.desk.split import consider  # noqa: E402 - found by the path above
from gateway.desk.weighing import Reading  # noqa: E402 - found by the path above
from gateway.desk.words import Background  # noqa: E402 - found by the path above

WORDS = re.findall(
    r"\w+",
    """the a to and of is it shop order customer page VAT tax logo image theme server error
    mail product price export file setting country module update cart payment invoice button where
    how can not does when we our after before change show wrong""",
)


def a_text(words: int, chance: random.Random) -> str:
    """Sentences of made-up prose."""
    found = [chance.choice(WORDS) + ("." if chance.random() < 0.1 else "") for _ in range(words)]
    return " ".join(found)


def main() -> None:
    """Weigh each kind of mail some times and print the mean and the slowest."""
    chance = random.Random(7)
    desk = Learned(background=Background.of(a_text(80, chance) for _ in range(1_000)))
    kinds = {
        "a line": a_text(10, chance),
        "an ordinary mail": a_text(80, chance),
        "a long mail": a_text(600, chance),
        "a megabyte of words": a_text(170_000, chance),
        "a megabyte of paragraphs": "\n\n".join(["Another word"] * 75_000),
        "a megabyte of one word": "x" * 1_000_000,
    }
    long_topic = (TOPIC[0], *(a_text(300, chance) for _ in range(20)))
    for name, text in kinds.items():
        mail = read(raw_mail(text, In_Reply_To="<answer@desk.example>"))
        for topic_name, topic in (("short", TOPIC), ("long", long_topic)):
            facts = Facts(clues=find_clues(mail, POLICY, KEYS), topic=topic, learned=desk)
            reading = Reading(mail=mail, facts=facts, ticket=TICKET, text=mail.new_text)
            spent = []
            for _ in range(30):
                begun = time.process_time()
                consider(
                    Draft(policy=POLICY, at=mail.envelope.received_at, event="", actor=""), reading
                )
                spent.append((time.process_time() - begun) * 1_000)
            mean = sum(spent) / len(spent)
            print(
                f"{name:26} in a {topic_name:5} ticket  mean {mean:6.2f} ms"
                f"  slowest {max(spent):6.2f} ms"
            )


if __name__ == "__main__":
    main()
