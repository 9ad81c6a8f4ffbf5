"""Write TOML, which the standard library only reads."""

from collections.abc import Mapping
from datetime import date
from typing import Any


def dumps(table: Mapping[str, Any]) -> str:
    """A document; everything below the first level is written inline."""
    plain = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    for name, value in table.items():
        if isinstance(value, Mapping):
            lines.append(f"\n[{_key(name)}]")
            lines += [f"{_key(inner)} = {_value(one)}" for inner, one in value.items()]
    return "\n".join(lines) + "\n"


def _key(name: object) -> str:
    return _value(str(name))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
