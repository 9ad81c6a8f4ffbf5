"""Write the settings of a desk into a folder: the example files with the differences of a test."""

import shutil
from pathlib import Path

CONFIG = Path(__file__).parent.parent / "config"


def write_desk(folder: Path, *, smarthost: str = "", more: str = "") -> Path:
    """The example settings, in a folder of their own, on ports the system chooses.

    `more` is TOML that comes first in `gateway.toml`. Returns the path of `gateway.toml`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("policy.toml", "staff.toml"):
        shutil.copy(CONFIG / name, folder / name)
    text = (CONFIG / "gateway.toml").read_text(encoding="utf-8")
    text = text.replace('state_dir = "../state"', 'state_dir = "state"')
    text = text.replace('# listen = "127.0.0.1:8025"', 'listen = "127.0.0.1:0"')
    if smarthost:
        text = text.replace('# url = "smtp://desk@mail.example:587"', f'url = "{smarthost}"')
    path = folder / "gateway.toml"
    path.write_text(more + text, encoding="utf-8")
    return path


def change(path: Path, old: str, new: str) -> None:
    """Replace a line of a settings file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
