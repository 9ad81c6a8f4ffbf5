"""A desk is copied while it runs, and comes back where nothing is; then money waits (fault F46)."""

import asyncio
import shutil
import signal
import tarfile
from pathlib import Path

import pytest
from acting.operator import run_gateway
from desks import change, write_desk
from servers.gateway import Gateway
from small_desk import SmallDesk
from sqlalchemy import select

from gateway.spool import Spool
from gateway.store.engine import open_engine
from gateway.store.mail_tables import mails
from gateway.store.tables import entries
from gateway.store.transaction import run_once
from gateway.work.archive import copy_database
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = "ann@acme.example"
EVA = "eva@desk.example"
DURING = 30


def mail(number: int) -> bytes:
    lines = ("From: kim@newco.example", "To: support@desk.example", f"Subject: Question {number}")
    return "\r\n".join((*lines, f"Message-ID: <m{number}@newco.example>", "", "VAT?", "")).encode()


async def confirm(desk: SmallDesk, at: str) -> None:
    asked = desk.last("assessment_request", ANN)
    await desk.receive(ANN, asked["Reply-To"], f"Re: {asked['Subject']}", "confirm", at)


def booked(desk: SmallDesk) -> list[tuple[str, int]]:
    query = select(entries.c.kind, entries.c.held).where(entries.c.ticket.is_not(None))
    return [(row.kind, row.held) for row in desk.rows(query)]


async def a_desk_that_asked(folder: Path, reader: Reader) -> SmallDesk:
    """Ann has credits, and an open question about a price."""
    desk = SmallDesk(folder, f"sqlite:///{folder}/state/gateway.db", reader, "2026-07-06T08:00")
    desk.run("customers", "add", "acme", "--contact", ANN)
    desk.run("customers", "website", "acme", "--order", "W-7")
    desk.open()
    await desk.begin()
    await desk.receive(ANN, "support@desk.example", "Tax", "Set up VAT.", "2026-07-06T08:00")
    told = desk.last("engineer_new_ticket", "dispatch@desk.example")
    await desk.receive(
        EVA, told["Reply-To"], f"Re: {told['Subject']}", "#assess 1", "2026-07-06T08:05"
    )
    return desk


async def restored(desk: SmallDesk, archive: Path) -> SmallDesk:
    """The same desk, its state as the archive has it."""
    await desk.close()
    shutil.rmtree(desk.path.parent / "state")
    desk.run("restore", str(archive))
    desk.open()
    await desk.begin()
    return desk


async def test_what_moves_money_waits_on_a_restored_desk(tmp_path: Path, reader: Reader) -> None:
    # Given a backup, after which a price was confirmed
    desk = await a_desk_that_asked(tmp_path / "desk", reader)
    archive = tmp_path / "desk.tar.gz"
    desk.run("backup", str(archive))
    await confirm(desk, "2026-07-06T09:00")
    assert booked(desk) == [("hold", 5)]

    # When it is restored, and the confirmation comes once more
    await restored(desk, archive)
    await confirm(desk, "2026-07-06T10:00")
    await desk.receive(ANN, "support@desk.example", "Other", "And tolls?", "2026-07-06T10:01")

    # Then nothing is booked, and other mail goes on
    assert booked(desk) == []
    assert (desk.parts.spool.counts().parked, desk.parts.spool.counts().waiting) == (1, 0)
    assert "Other" in desk.last("ticket_received", ANN)["Subject"]

    # When the operator has looked
    desk.run("mail", "reconcile")
    await desk.parts.intake.take_waiting()

    # Then it is booked, once
    assert booked(desk) == [("hold", 5)]
    assert desk.parts.spool.counts().parked == 0
    await confirm(desk, "2026-07-06T11:00")
    assert booked(desk) == [("hold", 5)]
    await desk.close()


async def test_money_stays_held_until_every_mailbox_was_counted(
    tmp_path: Path, reader: Reader
) -> None:
    desk = await a_desk_that_asked(tmp_path / "desk", reader)
    desk.run("restore", "--hold")
    with desk.path.open("a", encoding="utf-8") as file:
        file.write('\n[imap.away]\nhost = "127.0.0.1"\nport = 1\ntls = false\n')
        file.write('user = "support@desk.example"\npassword = "x"\n')

    ran = await asyncio.to_thread(run_gateway, "mail", "reconcile", config=desk.path)
    await confirm(desk, "2026-07-06T10:00")

    assert (ran.code, "stay held" in ran.errors) == (1, True)
    assert booked(desk) == []
    await desk.close()


async def test_a_backup_of_a_running_daemon_loses_no_mail(tmp_path: Path) -> None:
    # Given a daemon that takes mail in
    gateway = Gateway(write_desk(tmp_path / "desk"))
    await gateway.start()
    await gateway.send(mail(0))
    sending = asyncio.create_task(send_all(gateway, range(1, DURING)))

    # When backups are made meanwhile
    files = [tmp_path / f"{number}.tar.gz" for number in range(3)]
    accepted = []
    for file in files:
        before = Spool(gateway.settings.parent / "state/spool.db")
        accepted.append(before.counts().accepted)
        before.close()
        ran = await asyncio.to_thread(run_gateway, "backup", str(file), config=gateway.settings)
        assert ran.code == 0, ran.errors
    await sending
    await gateway.stop(signal.SIGTERM)

    # Then each has every mail that was accepted before it, in the spool or taken in
    for number, file in enumerate(files):
        settings = tmp_path / f"again{number}" / "gateway.toml"
        ran = run_gateway("restore", str(file), config=settings)
        assert ran.code == 0, ran.errors
        assert known_mails(settings.parent / "state") >= accepted[number]
    assert file.stat().st_mode & 0o077 == 0


async def send_all(gateway: Gateway, numbers: range) -> None:
    for number in numbers:
        await gateway.send(mail(number))


def known_mails(state: Path) -> int:
    spool = Spool(state / "spool.db")
    waiting = {one.envelope.queue_id for one in spool.listing("waiting")}
    spool.close()
    engine = open_engine(f"sqlite:///{state}/gateway.db")
    taken = set(run_once(engine, lambda c: c.execute(select(mails.c.queue_id)).scalars().all()))
    engine.dispose()
    return len(waiting | taken)


async def test_a_backup_brings_keys_settings_and_own_letters(tmp_path: Path) -> None:
    desk = write_desk(tmp_path / "desk")
    change(desk, '# dir = "letters"', 'dir = "own"')
    letter = desk.parent / "own/en/signature.md"
    letter.parent.mkdir(parents=True)
    letter.write_text("Yours", encoding="utf-8")
    run_gateway("customers", "add", "acme", "--contact", ANN, config=desk)
    run_gateway("mail", "count", config=desk)
    run_gateway("backup", str(tmp_path / "desk.tar.gz"), config=desk)
    again = tmp_path / "again" / "gateway.toml"

    ran = run_gateway("restore", str(tmp_path / "desk.tar.gz"), config=again)

    assert ran.code == 0, ran.errors
    for name in ("gateway.toml", "policy.toml", "staff.toml", "state/token-keys"):
        assert (again.parent / name).read_bytes() == (desk.parent / name).read_bytes()
    assert (again.parent / "own/en/signature.md").read_text(encoding="utf-8") == "Yours"
    assert run_gateway("customers", "list", "--json", config=again).json()["account"] == "acme"
    assert not list(again.parent.rglob("*.restoring*"))


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    desk = write_desk(tmp_path / "desk")
    run_gateway("customers", "add", "acme", "--contact", ANN, config=desk)
    run_gateway("mail", "count", config=desk)
    archive = tmp_path / "desk.tar.gz"
    first = run_gateway("backup", str(archive), config=desk)
    octets = archive.read_bytes()

    second = run_gateway("backup", str(archive), config=desk)
    back = run_gateway("restore", str(archive), config=desk)

    assert (first.code, second.code, back.code) == (0, 1, 1)
    assert archive.read_bytes() == octets
    assert "gateway.db" in back.errors
    assert run_gateway("customers", "list", "--json", config=desk).json()["account"] == "acme"


async def test_a_restore_while_the_daemon_runs_is_refused(tmp_path: Path) -> None:
    gateway = Gateway(write_desk(tmp_path / "desk"))
    await gateway.start()
    archive = tmp_path / "desk.tar.gz"
    run_gateway("backup", str(archive), config=gateway.settings)

    ran = run_gateway("restore", str(archive), config=gateway.settings)
    await gateway.stop()

    assert (ran.code, "another gateway runs" in ran.errors) == (1, True)


@pytest.mark.parametrize(
    "keep", [pytest.param(0, id="empty"), pytest.param(0.5, id="cut"), pytest.param(1, id="other")]
)
async def test_what_is_no_whole_backup_changes_nothing(tmp_path: Path, keep: float) -> None:
    desk = write_desk(tmp_path / "desk")
    run_gateway("customers", "add", "acme", "--contact", ANN, config=desk)
    run_gateway("mail", "count", config=desk)
    archive = tmp_path / "desk.tar.gz"
    if keep == 1:
        with tarfile.open(archive, "w:gz") as made:
            made.add(desk, "settings/gateway.toml")
    else:
        run_gateway("backup", str(archive), config=desk)
        octets = archive.read_bytes()
        archive.write_bytes(octets[: int(len(octets) * keep)])
    shutil.rmtree(desk.parent / "state")

    ran = run_gateway("restore", str(archive), config=desk)

    assert (ran.code, "nothing was restored" in ran.errors) == (1, True)
    assert not (desk.parent / "state/gateway.db").exists()


async def test_a_backup_on_postgres_names_what_is_not_in_it(
    tmp_path: Path, postgres_url: str
) -> None:
    desk = write_desk(tmp_path / "desk")
    change(desk, "[database]\n", f'[database]\nurl = "{postgres_url}"\n')
    run_gateway("customers", "add", "acme", "--contact", ANN, config=desk)
    run_gateway("mail", "count", config=desk)

    made = run_gateway("backup", str(tmp_path / "node.tar.gz"), config=desk)
    shutil.rmtree(desk.parent / "state")
    back = run_gateway("restore", str(tmp_path / "node.tar.gz"), config=desk)

    assert (made.code, "pg_dump" in made.errors) == (0, True)
    assert (back.code, "--hold" in back.errors) == (0, True)
    assert (desk.parent / "state/spool.db").exists()


async def test_a_copy_is_one_moment_of_a_database_that_changes(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/source.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE t SET n = 2")
        copy_database(tmp_path / "source.db", tmp_path / "copy.db")

    copied = open_engine(f"sqlite:///{tmp_path}/copy.db")
    with copied.connect() as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalar_one() == 1
    engine.dispose()
    copied.dispose()


async def test_a_folder_that_does_not_exist_is_named_as_it_was_given(tmp_path: Path) -> None:
    settings = write_desk(tmp_path)
    archive = str(tmp_path / "nowhere" / "x.tar.gz")
    await asyncio.to_thread(run_gateway, "mail", "list", config=settings)
    await asyncio.to_thread(run_gateway, "orders", "list", config=settings)

    ran = await asyncio.to_thread(run_gateway, "backup", archive, config=settings)

    assert (ran.code, f"{tmp_path / 'nowhere'}: there is no such folder" in ran.errors) == (1, True)
