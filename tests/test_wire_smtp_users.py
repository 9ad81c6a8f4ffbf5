"""Users of the submission door: a file of names and hashes, and no shorter way in."""

import os
from pathlib import Path

import pytest

from gateway.wire.smtp_users import BadUsersFile, Users, hash_password, matches, read_users


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password("pässword".encode())


async def test_a_name_and_its_password_may_in_and_nothing_else(tmp_path: Path, hashed: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"# our relay\n\nrelay:{hashed}\n", encoding="utf-8")

    users = Users(path)

    assert await users.knows(b"relay", "pässword".encode())
    assert not await users.knows(b"relay", b"password")
    assert not await users.knows(b"nobody", "pässword".encode())
    assert not await users.knows(b"\xff", b"")


async def test_a_changed_file_is_read_again(tmp_path: Path, hashed: str) -> None:
    path = tmp_path / "users"
    path.write_text(f"relay:{hashed}\n", encoding="utf-8")
    users = Users(path)

    path.write_text(f"other:{hashed}\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    users.refresh()

    assert not await users.knows(b"relay", "pässword".encode())
    assert await users.knows(b"other", "pässword".encode())


def test_the_same_password_is_hashed_differently_each_time(hashed: str) -> None:
    again = hash_password("pässword".encode())

    assert again != hashed
    assert matches("pässword".encode(), again)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("relay:secret", id="a plain password"),
        pytest.param("relay", id="no hash"),
        pytest.param("relay:md5$1$8$1$YQ==$YQ==", id="another hash"),
        pytest.param("relay:scrypt$16384$8$1$*$YQ==", id="no base64"),
        pytest.param("relay:scrypt$1073741824$8$1$YQ==$YQ==", id="a cost to choke on"),
    ],
)
def test_a_line_that_is_no_user_is_named(line: str, hashed: str) -> None:
    with pytest.raises(BadUsersFile, match="line 2 is no user"):
        read_users(f"good:{hashed}\n{line}\n")
