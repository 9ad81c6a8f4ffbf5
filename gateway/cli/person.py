"""One person's data in one file: what `gateway customers export ADDRESS` writes."""

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.operator import as_json, refuse

if TYPE_CHECKING:
    from sqlalchemy import Connection

OWN_EYES = 0o600


def write_person(connection: "Connection", address: str, file: Path) -> int:
    """Rows as JSON, mails and letters as they are; how many rows that was.

    Ends the command where the file exists, or nothing is known about the address.
    """
    from gateway.store.person import letters_to, mails_of, rows_of

    tables = {name: rows for name, rows in rows_of(connection, address) if rows}
    if not tables:
        refuse(f"nothing is known about {address}")
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_EYES)
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    with (
        os.fdopen(opened, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        plain = {name: [json.loads(as_json(row)) for row in rows] for name, rows in tables.items()}
        archive.writestr("data.json", json.dumps(plain, indent=1, ensure_ascii=False))
        for queue_id, raw in mails_of(connection, address):
            archive.writestr(f"mails/{queue_id}.eml", raw)
        for number, content in letters_to(connection, address):
            archive.writestr(f"letters/{number}.eml", content)
    return sum(len(rows) for rows in tables.values())
