"""Where things that travel with the program lie, installed or checked out."""

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent.parent


def built_in(name: str) -> Path:
    """A folder that travels with the program: `templates` or `config`."""
    packed = PACKAGE / "_data" / name
    return packed if packed.is_dir() else PACKAGE.parent / name
