"""The settings of the demo's throw-away desk, so that nobody's real desk is touched."""

from pathlib import Path
from typing import Final

GATEWAY: Final = """\
# The desk of `gateway demo`. The file of a desk of your own is made by `gateway init`.
state_dir = "state"

[addresses]
reply_address = "support+{token}@desk.example"
domain = "desk.example"

[addresses.inboxes]
"support@desk.example" = "support"
"sales@desk.example" = "sales"
"development@desk.example" = "development"
"general@desk.example" = "general"

[smtp]
listen = "127.0.0.1:0"

[smarthost]
couriers = 1

[outbox]
# No smarthost: every letter is written to this Maildir.
maildir = "../letters"
"""
POLICY: Final = """\
# Everything as the policy has it; `gateway settings` lists what can be changed.
"""
STAFF: Final = """\
[[people]]
name = "Eva"
address = "eva@desk.example"
roles = ["engineer"]

[[people]]
name = "Max"
address = "max@desk.example"
roles = ["engineer"]

[[people]]
name = "Lee"
address = "lee@desk.example"
roles = ["engineer", "lead"]

[[people]]
name = "Mia"
address = "mia@desk.example"
roles = ["manager"]

[[people]]
name = "Bill"
address = "bill@desk.example"
roles = ["billing"]

[lists]
hotrush_duty = ["oncall@desk.example"]
operator = ["postmaster@desk.example"]

[lists.dispatchers]
support = ["dispatch@desk.example"]
sales = ["sales-team@desk.example"]
development = ["dev-team@desk.example"]
general = ["office@desk.example"]
"""


def write_settings(folder: Path) -> Path:
    """Write the three files into a folder; returns the path of `gateway.toml`."""
    for name, text in (("gateway", GATEWAY), ("policy", POLICY), ("staff", STAFF)):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / "gateway.toml"
