"""Attachments travel as they came, under safe names; what is too large is said."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.attack import DESK, META, NOW
from acting.stage import Stage

from gateway.work.reader import ENCLOSED_MAX, Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, database_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, database_url, META, {}, NOW, reader)
    await made.open()
    yield made
    await made.close()


async def bring(stage: Stage, *files: tuple[str, str, bytes]) -> None:
    parts = [b"Content-Type: text/plain\r\n\r\nSee the files.\r\n"]
    for name, kind, content in files:
        head = f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        head += "Content-Transfer-Encoding: base64\r\n\r\n"
        parts.append(head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n"))
    raw = (
        b"From: kim@newco.example\r\nTo: support@desk.example\r\nSubject: Tax\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"".join(b"--b\r\n" + part for part in parts)
        + b"--b--\r\n"
    )
    await stage.receive(raw, NOW, reverse_path="kim@newco.example", forward_paths=(DESK,))
    await stage.send()


@pytest.mark.parametrize(
    ("name", "safe", "kind", "content"),
    [
        pytest.param("../../x.sh", "x.sh", "application/x-sh", b"#!/bin/sh\n", id="A67 a path"),
        pytest.param("con.txt", "_con.txt", "text/plain", b"a\r\nb\rc\n", id="A67 a device"),
        pytest.param("b.zip", "b.zip", "application/zip", b"PK\x03\x04bomb", id="A68 an archive"),
        pytest.param(
            "winmail.dat", "winmail.dat", "application/ms-tnef", b'x\x9f>"', id="A68 TNEF"
        ),
        pytest.param(
            "i.ics", "i.ics", "text/calendar", b"BEGIN:VCALENDAR\r\n", id="A68 invitation"
        ),
    ],
)
async def test_a_file_reaches_the_engineer_unchanged_under_a_safe_name(
    stage: Stage, name: str, safe: str, kind: str, content: bytes
) -> None:
    await bring(stage, (name, kind, content))

    (letter,) = [one for one in stage.smarthost.taken if one.event == "engineer_new_ticket"]
    (file,) = letter.mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == (safe, kind)
    assert file.get_payload(decode=True) == content


async def test_a_stranger_gets_no_file_back(stage: Stage) -> None:
    await bring(stage, ("a.pdf", "application/pdf", b"%PDF"))

    (receipt,) = [one for one in stage.smarthost.taken if one.event == "ticket_received"]
    assert list(receipt.mail.iter_attachments()) == []


async def test_what_is_too_large_is_named_and_the_rest_travels(stage: Stage) -> None:
    await bring(
        stage,
        ("film.mp4", "video/mp4", bytes(ENCLOSED_MAX + 1)),
        ("note.txt", "text/plain", b"note"),
    )

    (letter,) = [one for one in stage.smarthost.taken if one.event == "engineer_new_ticket"]
    assert [one.get_filename() for one in letter.mail.iter_attachments()] == ["note.txt"]
    assert "Too large to be attached: film.mp4 (20.0 MiB)" in " ".join(letter.text.split())
