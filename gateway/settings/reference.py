"""Every setting with its default and its sentence, read from the classes that check them.

The README's chapter and `gateway settings` are made here, so that neither can miss a setting.
"""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.desk.policy import Options
from gateway.settings.models import CalendarSettings, GatewaySettings, StaffSettings

SHOWN_MAX: Final = 60
UNSET: Final = "unset"
REQUIRED: Final = "required"
LONG: Final = "see the file"
SPELLED: Final = {"raise_price": "raise"}
"""Names that Python does not allow, as the file has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as an operator reads of it."""

    file: str
    key: str
    """Dotted; `<name>` stands for a name of your own, `[]` for each entry of a list."""
    default: str
    meaning: str


def all_settings() -> list[Setting]:
    """Every setting of the three files, in their order."""
    calendar = _of_model("policy.toml", CalendarSettings, "calendar.")
    return [
        *_of_model("gateway.toml", GatewaySettings, ""),
        *calendar,
        *_of_dataclass("policy.toml", Options, ""),
        *_of_model("staff.toml", StaffSettings, ""),
    ]


def as_markdown(settings: list[Setting]) -> str:
    """A table for each file."""
    blocks = []
    for file in dict.fromkeys(one.file for one in settings):
        rows = [
            f"| `{one.key}` | {_cell(one.default)} | {one.meaning.replace('|', chr(92) + '|')} |"
            for one in settings
            if one.file == file
        ]
        head = ("| Setting | Default | Meaning |", "| --- | --- | --- |")
        blocks.append("\n".join((f"### {file}", "", *head, *rows)))
    return "\n\n".join(blocks) + "\n"


def _cell(default: str) -> str:
    return (
        default
        if default in (UNSET, REQUIRED, LONG)
        else f"`{default.replace('|', chr(92) + '|')}`"
    )


def _of_model(file: str, model: type[BaseModel], before: str) -> Iterator[Setting]:
    for name, info in model.model_fields.items():
        inner, place = _inner(info.annotation)
        if inner is not None and issubclass(inner, BaseModel):
            yield from _of_model(file, inner, f"{before}{name}{place}.")
            continue
        yield Setting(
            file=file,
            key=before + name,
            default=_default_of(info),
            meaning=_one_line(info.description or "") + _choices(info.annotation),
        )


def _inner(annotation: Any) -> tuple[type | None, str]:
    """The section that a setting holds, and what stands for the names or numbers in between."""
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation, ""
    for one in get_args(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one, {dict: ".<name>", tuple: "[]", list: "[]"}.get(get_origin(annotation), "")
    return None, ""


def _default_of(info: FieldInfo) -> str:
    return REQUIRED if info.is_required() else shown(info.get_default(call_default_factory=True))


def _of_dataclass(file: str, kind: type, before: str) -> Iterator[Setting]:
    hints, sentences = get_type_hints(kind), docstrings(kind)
    for one in fields(kind):
        hint = hints[one.name]
        name = SPELLED.get(one.name, one.name)
        if is_dataclass(hint):
            yield from _of_dataclass(file, hint, f"{before}{name}.")  # type: ignore[arg-type]  # a class, not a value
            continue
        yield Setting(
            file=file,
            key=before + name,
            default=shown(_value_of(one)),
            meaning=sentences.get(one.name, "") + _choices(hint),
        )


def _choices(annotation: Any) -> str:
    """The words a setting may have, where they are few and fixed."""
    words = list(dict.fromkeys(_words(annotation)))
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""


def _words(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif get_origin(annotation) in (Union, UnionType, Annotated):
        for one in get_args(annotation):
            yield from _words(one)


def _value_of(one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return one.default
    return one.default_factory() if one.default_factory is not MISSING else REQUIRED


@cache
def docstrings(kind: type) -> Mapping[str, str]:
    """The sentence below each field of a class; Python itself does not keep them."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    found: dict[str, str] = {}
    body = made.body if isinstance(made, ast.ClassDef) else []
    for field, after in itertools.pairwise(body):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = _one_line(str(ast.literal_eval(after.value)))  # type: ignore[attr-defined]  # is_text
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def shown(value: Any) -> str:
    """A default as its file would have it."""
    if value is None or value == "" or isinstance(value, SecretStr):
        return UNSET
    text = _toml(value)
    return text if len(text) <= SHOWN_MAX else LONG


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f'"{duration(value)}"'
    if isinstance(value, str | Path | date):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if is_dataclass(value):
        return _toml({one.name: getattr(value, one.name) for one in fields(value)})
    return str(value)


def duration(value: timedelta) -> str:
    """`90s`, `15m`, `2h`, `14d`: the largest unit that is exact; hours below two days."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0 and (seconds >= size and not (unit == "d" and seconds < 2 * size)):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
