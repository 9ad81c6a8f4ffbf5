"""Keep a refresh token on disk: readable by its owner only, replaced as a whole or not at all."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a person granted, and until when."""

    refresh_token: str
    granted_at: datetime
    """When the person logged in."""
    renewed_at: datetime
    """When it last gave an access token."""
    ends_at: datetime | None = None
    """When it ends, where the server told."""


class TokenFile:
    """The refresh token of one mailbox."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Kept | None:
        """What is kept, or nothing where nobody logged in or the file is broken."""
        try:
            fields = json.loads(self.path.read_text(encoding="utf-8"))
            ends_at = fields["ends_at"]
            return Kept(
                refresh_token=str(fields["refresh_token"]),
                granted_at=datetime.fromisoformat(fields["granted_at"]),
                renewed_at=datetime.fromisoformat(fields["renewed_at"]),
                ends_at=datetime.fromisoformat(ends_at) if ends_at else None,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, kept: Kept) -> None:
        """Replace what is kept. Raises `OSError`; then perhaps the old token is still there."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(
            {
                "refresh_token": kept.refresh_token,
                "granted_at": kept.granted_at.isoformat(),
                "renewed_at": kept.renewed_at.isoformat(),
                "ends_at": kept.ends_at.isoformat() if kept.ends_at else None,
            }
        )
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        # A new name lasts once its folder is on disk too.
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
