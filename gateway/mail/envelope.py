"""An envelope as one line of text, for whoever keeps it beside the bytes of the mail.

What is read back is clean, wherever it came from: a path with NUL or with half a character would
be refused by a database, and its mail with it.
"""

import json
from datetime import UTC, datetime

from gateway.mail.clean import clean_line
from gateway.mail.message import Envelope


def envelope_text(envelope: Envelope) -> str:
    """The envelope as JSON."""
    return json.dumps(
        {
            "queue_id": envelope.queue_id,
            "received_at": envelope.received_at.astimezone(UTC).isoformat(),
            "reverse_path": envelope.reverse_path,
            "forward_paths": envelope.forward_paths,
            "source": envelope.source,
            "peer": envelope.peer,
        }
    )


def read_envelope(text: str) -> Envelope:
    """What `envelope_text` wrote, made fit for every database."""
    fields = json.loads(text)
    path = fields["reverse_path"]
    return Envelope(
        queue_id=fields["queue_id"],
        received_at=datetime.fromisoformat(fields["received_at"]),
        reverse_path=None if path is None else clean_line(path),
        forward_paths=tuple(map(clean_line, fields["forward_paths"])),
        source=fields["source"],
        peer=fields["peer"],
        released=fields.get("released", False),
    )
