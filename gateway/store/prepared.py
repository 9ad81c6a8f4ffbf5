"""Statements of every mail, put together once and handed to the driver as text.

SQLAlchemy looks a statement up by all its parts each time it runs, and shapes values and rows anew:
that costs more than the database's own work. What is prepared here says, binds and returns the
same; errors of the database are wrapped as ever.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Statement = Select[Any] | Insert | Update | Delete
Values = Mapping[str, Any]
_Process = Callable[[Any], Any]
PADDED_MAX: Final = 1_024
PLANS_MAX: Final = 256
"""Sets of names that are remembered: an UPDATE has one for each set of columns that change."""


class Prepared:
    """A statement of ours, or one by the name of the dialect where they differ.

    Values are given by the names of parameters and columns; one that expands takes a sequence. What
    was put together for a set of names stays: the sets must be few.
    """

    def __init__(self, statement: Statement | Mapping[str, Insert]) -> None:
        self._statement: Final = statement
        self._plans: Final[dict[tuple[object, ...], _Plan]] = {}
        self._lists: tuple[str, ...] = ()

    def run(self, connection: Connection, values: Values) -> CursorResult[Any]:
        """Run it; what it returns are the driver's own values."""
        plan = self._plan(connection.dialect, values)
        return connection.exec_driver_sql(plan.text, plan.bound(values))

    def run_each(self, connection: Connection, values: Sequence[Values]) -> None:
        """Run it for each of some values that have the same names."""
        plan = self._plan(connection.dialect, values[0])
        connection.exec_driver_sql(plan.text, [plan.bound(one) for one in values])

    def all(self, connection: Connection, values: Values) -> list[Any]:
        """The rows it finds, whose columns have names."""
        plan = self._plan(connection.dialect, values)
        found = connection.exec_driver_sql(plan.text, plan.bound(values)).all()
        return [plan.row(one) for one in found]

    def first(self, connection: Connection, values: Values) -> Any:
        """The first row it finds, or `None`."""
        plan = self._plan(connection.dialect, values)
        found = connection.exec_driver_sql(plan.text, plan.bound(values)).first()
        return None if found is None else plan.row(found)

    def _plan(self, dialect: Dialect, values: Values) -> "_Plan":
        plan = self._plans.get(self._shape(dialect, values))
        if plan is not None:
            return plan
        statement = self._statement
        if isinstance(statement, Mapping):
            statement = statement[dialect.name]
        plan = _plan_of(statement, dialect, values)
        self._lists = tuple(plan.lists)
        if len(self._plans) >= PLANS_MAX:
            self._plans.clear()
        self._plans[self._shape(dialect, values)] = plan
        return plan

    def _shape(self, dialect: Dialect, values: Values) -> tuple[object, ...]:
        rooms = [_room_for(len(values[name])) for name in self._lists]
        return (dialect.name, *values, *rooms)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a dialect is told a statement."""

    text: str
    positional: bool
    names: list[str]
    """The parameters in their order."""
    shaped: list[tuple[int, _Process]]
    """Those whose values are not the driver's yet, and what makes them so."""
    fixed: dict[str, Any]
    """Values that nobody gives: they stand in the statement, or are a column's default."""
    lists: dict[str, list[str]]
    """The parameters of each sequence."""
    row: _Process

    def bound(self, values: Values) -> Any:
        """The values as the driver takes them."""
        given = {**self.fixed, **values}
        for name, places in self.lists.items():
            given.update(zip(places, _padded(values[name]), strict=True))
        bound = _shape([given[name] for name in self.names], self.shaped)
        return tuple(bound) if self.positional else dict(zip(self.names, bound, strict=True))


def _plan_of(statement: Statement, dialect: Dialect, values: Values) -> _Plan:
    compiled = statement.compile(dialect=dialect, column_keys=list(values))
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only statements that have parameters are prepared")
    binds = compiled.binds
    several = sorted(name for name in values if name in binds and binds[name].expanding)
    whole = {name: _padded(one) if name in several else one for name, one in values.items()}
    state = compiled.construct_expanded_state(whole, escape_names=False)
    # Lists that stand in the statement itself are expanded as well, and given by nobody.
    of_list = {at: name for name, places in state.parameter_expansion.items() for at in places}
    names = state.positiontup or list(state.parameters)
    kinds = {at: binds[of_list.get(at, at)].type.dialect_impl(dialect) for at in names}
    fixed = {at: state.parameters[at] for at in names if of_list.get(at, at) not in values}
    return _Plan(
        text=state.statement,
        positional=compiled.positional,
        names=list(names),
        shaped=_only([kinds[at].bind_processor(dialect) for at in names]),
        fixed=fixed | dict(_defaults(compiled)),
        lists={name: list(state.parameter_expansion[name]) for name in several},
        row=_row_of(statement, dialect),
    )


def _defaults(compiled: SQLCompiler) -> Iterator[tuple[str, Any]]:
    """Columns that an INSERT leaves to their defaults; what would be computed must be given."""
    for column in compiled.insert_prefetch or ():
        if not isinstance(column.default, ScalarElementColumnDefault):
            raise TypeError(f"{column} must be given a value")
        yield column.key, column.default.arg


def _row_of(statement: Statement, dialect: Dialect) -> _Process:
    """What makes a row of the driver's one of ours."""
    columns = statement.exported_columns
    names = [str(name) for name in columns.keys()]  # noqa: SIM118 - it is no mapping
    row: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - known when it runs
    kinds = [column.type.dialect_impl(dialect) for column in columns]
    shaped = _only([kind.result_processor(dialect, None) for kind in kinds])
    return lambda found: row._make(_shape(list(found), shaped))


def _only(processes: Sequence[_Process | None]) -> list[tuple[int, _Process]]:
    return [(at, process) for at, process in enumerate(processes) if process is not None]


def _shape(values: list[Any], shaped: Sequence[tuple[int, _Process]]) -> list[Any]:
    """Values of one side as the other has them; no type of ours makes more of NULL."""
    for at, process in shaped:
        if values[at] is not None:
            values[at] = process(values[at])
    return values


def _padded(several: Sequence[Any]) -> list[Any]:
    """A sequence with its last value repeated, so that few lengths are ever asked for."""
    return [*several, *[several[-1]] * (_room_for(len(several)) - len(several))] if several else []


def _room_for(length: int) -> int:
    """The power of two that a sequence is padded to; a long one stands for itself."""
    return 1 << (length - 1).bit_length() if 0 < length <= PADDED_MAX else length
