"""The files that settings name and that must be there before anything starts.

Asked by whoever serves or checks, not when settings are read: credentials of a service are out of
the operator's sight, and his commands work without them.
"""

from collections.abc import Iterator
from pathlib import Path

from gateway.settings.load import Settings


def unreadable(settings: Settings) -> list[str]:
    """One line for each file that cannot be read, with its key."""
    problems = []
    for key, path in _named(settings):
        try:
            settings.resolve(path).open("rb").close()
        except OSError as error:
            problems.append(f"{settings.path.name}: {key}: {path}: {error.strerror}")
    return problems


def _named(settings: Settings) -> Iterator[tuple[str, Path]]:
    gateway = settings.gateway
    for key, path in (
        ("smarthost.password_file", gateway.smarthost.password_file),
        ("smarthost.ca_file", gateway.smarthost.ca_file),
        ("secrets.token_keys_file", gateway.secrets.token_keys_file),
    ):
        if path is not None:
            yield key, path
