"""`gateway backup` and `gateway restore`: a node in one archive, and back where nothing is."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.operator import Config, Operator, complain, operator_of, refuse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.settings.load import Settings

SETTINGS: Final = ("gateway.toml", "policy.toml", "staff.toml")
SPOOL: Final = "state/spool.db"
MAIN: Final = "state/gateway.db"
KEYS: Final = "state/token-keys"


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The archive to write, such as desk.tar.gz.")],
    config: Config = None,
) -> None:
    """Copy the running desk into one archive: database, spool, keys, settings, own letters.

    The gateway may run meanwhile. The archive holds customers' mails and the keys of the reply
    tokens: only its owner may read it. Files with passwords that the settings name are not in it.
    On PostgreSQL it holds the files of this node only; copy the database with pg_dump.
    """
    from gateway.work.archive import InTheWay, write_archive

    operator = operator_of(context)
    settings = operator.settings(config)
    main = _main_file(settings)
    databases = {SPOOL: settings.state_dir / "spool.db"}
    if main:
        databases[MAIN] = main
    missing = [str(path) for path in databases.values() if not path.exists()]
    if missing:
        refuse(f"there is no {', no '.join(missing)} yet; run gateway run first")
    notes = {"made_at": operator.clock().isoformat(), "database": _kind(main)}
    if not file.parent.is_dir():
        refuse(f"no backup was made: {file.parent}: there is no such folder")
    try:
        size = write_archive(file, databases, _files(settings), notes)
    except (InTheWay, OSError, sqlite3.Error) as error:
        refuse(f"no backup was made: {error}")
    print(f"{file}: {size} octets")
    if main is None:
        complain(
            "the database itself is not in it; copy it after this, so that no mail is in neither:\n"
            "  pg_dump --format=custom --file=gateway.dump DATABASE-URL"
        )


def restore(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="An archive of gateway backup.", show_default=False)
    ] = None,
    hold: Annotated[
        bool,
        typer.Option("--hold", help="PostgreSQL was restored: only hold what moves money."),
    ] = False,
    config: Config = None,
) -> None:
    """Bring a backup back; nothing that exists is overwritten.

    Settings that --config names and that exist are kept; else those of the archive are written
    there. Database, spool and keys go into their state folder, which must hold none. Then mails
    that would move money are held until `gateway mail reconcile` has run: the backup may lack what
    came after it. After a restored PostgreSQL, `gateway restore --hold` does only that.
    """
    from gateway.hold import AlreadyRunning, only_one
    from gateway.work.archive import BadArchive, InTheWay

    operator = operator_of(context)
    if (file is None) != hold:
        refuse("name an archive, or --hold after a restored PostgreSQL", 2)
    if hold:
        with operator.desk(config) as (engine, _):
            _hold(engine, operator, "PostgreSQL was restored")
    elif file is not None:
        try:
            settings = operator.settings(_write_settings(file, config))
            with only_one(settings.state_dir):
                _write_state(operator, file, settings)
        except (BadArchive, InTheWay, AlreadyRunning, OSError) as error:
            refuse(f"nothing was restored: {error}")
        print(f"{file}: restored into {settings.state_dir}")
        if _main_file(settings) is None:
            complain("was PostgreSQL itself restored too? Then run gateway restore --hold")
            return
    print("mails that move money are held until gateway mail reconcile has run")


def _main_file(settings: "Settings") -> Path | None:
    """The file of the main database; none on PostgreSQL."""
    from sqlalchemy import make_url

    url = settings.gateway.database.url
    if url is None:
        return settings.state_dir / "gateway.db"
    if not url.get_secret_value().startswith("sqlite:"):
        return None
    return Path(make_url(url.get_secret_value()).database or "")


def _kind(main: Path | None) -> str:
    return "sqlite" if main else "postgresql"


def _files(settings: "Settings") -> Mapping[str, Path]:
    """Keys, settings and own letters by their names in the archive."""
    folder, state = settings.path.parent, settings.state_dir
    found = {f"settings/{one}": folder / one for one in SETTINGS}
    found["settings/gateway.toml"] = settings.path
    found[KEYS] = _keys_file(settings)
    tokens = sorted((state / "tokens").glob("*.json"))
    found |= {f"state/tokens/{path.name}": path for path in tokens}
    own = settings.gateway.templates.dir
    if own:
        root = settings.resolve(own)
        letters = sorted(one for one in root.rglob("*") if one.is_file())
        found |= {f"letters/{path.relative_to(root).as_posix()}": path for path in letters}
    return {name: path for name, path in found.items() if path.is_file()}


def _keys_file(settings: "Settings") -> Path:
    named = settings.gateway.secrets.token_keys_file
    return settings.resolve(named) if named else settings.state_dir / "token-keys"


def _write_settings(file: Path, config: Path | None) -> Path:
    """Where the settings are; those of the archive are written where `config` names none."""
    import os

    from gateway.settings.load import find_settings
    from gateway.settings.problems import WrongSettings
    from gateway.work.archive import extract, names, read_notes

    read_notes(file)
    if config is None or config.exists():
        try:
            return find_settings(config, os.environ)
        except WrongSettings:
            refuse("name with --config where gateway.toml is, or where it shall be written", 2)
    places = {f"settings/{one}": config.parent / one for one in SETTINGS}
    places["settings/gateway.toml"] = config
    kept = [name for name in names(file) if name in places]
    _nothing_at(places[name] for name in kept)
    for name in kept:
        extract(file, name, places[name])
    return config


def _write_state(operator: Operator, file: Path, settings: "Settings") -> None:
    """All files beside their places first; then each takes its place, the database last."""
    from gateway.work.archive import BadArchive, extract, names, read_notes

    main = _main_file(settings)
    if read_notes(file)["database"] != _kind(main):
        raise BadArchive(f"{file} has another kind of database than database.url: {_kind(main)}")
    places = {name: place for name in names(file) if (place := _place(name, settings))}
    logs = [
        place.with_name(f"{place.name}{end}")
        for place in places.values()
        for end in ("-wal", "-shm")
    ]
    _nothing_at([*places.values(), *logs])
    drafts = {place: place.with_name(f"{place.name}.restoring") for place in places.values()}
    for name, place in places.items():
        drafts[place].unlink(missing_ok=True)
        extract(file, name, drafts[place])
    if main in drafts:
        _prepare(operator, drafts[main], f"restored from {file.name}")
    for place in sorted(drafts, key=lambda place: place == main):
        drafts[place].rename(place)


def _place(name: str, settings: "Settings") -> Path | None:
    """Where a file of the archive belongs; nothing for what stays in it."""
    own = settings.gateway.templates.dir
    folder, _, rest = name.partition("/")
    steps = Path(rest)
    if ".." in steps.parts or steps.is_absolute():
        return None
    if name in (MAIN, KEYS):
        return _main_file(settings) if name == MAIN else _keys_file(settings)
    if folder == "state":
        return settings.state_dir / steps
    if folder == "letters" and own and not settings.resolve(own).exists():
        return settings.resolve(own) / steps
    return None


def _nothing_at(places: Iterable[Path]) -> None:
    from gateway.work.archive import InTheWay

    there = [str(place) for place in places if place.exists()]
    if there:
        raise InTheWay(f"{', '.join(there)} is there already; nothing is overwritten")


def _prepare(operator: Operator, database: Path, why: str) -> None:
    """Bring the copy to the tables of this version, and hold what moves money."""
    from gateway.store.engine import open_engine
    from gateway.store.revision import NewerDatabase
    from gateway.store.upgrade import upgrade
    from gateway.work.archive import BadArchive

    engine = open_engine(f"sqlite:///{database}")
    try:
        upgrade(engine)
        _hold(engine, operator, why)
    except NewerDatabase as error:
        raise BadArchive(str(error)) from error
    finally:
        engine.dispose()


def _hold(engine: "Engine", operator: Operator, why: str) -> None:
    from gateway.store.transaction import run_once
    from gateway.work.restored import mark_restored

    run_once(engine, lambda c: mark_restored(c, operator.clock(), why))
