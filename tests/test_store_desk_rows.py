"""Accounts come whole: with their contacts, and with what they took back."""

from acting.stage import NOW
from sqlalchemy import Connection, Engine, insert

from gateway.store.desk_rows import load_account, load_account_of, load_accounts
from gateway.store.tables import accounts, contacts, withdrawals


def fill(connection: Connection) -> None:
    """Two accounts with people, one of which took something back; so did one without people."""
    named = [{"id": name, "opened_at": NOW} for name in ("acme", "bold", "gone")]
    connection.execute(insert(accounts), named)
    people = (("zoe@acme.example", "acme", True), ("ann@acme.example", "acme", False))
    connection.execute(
        insert(contacts),
        [
            {"address": address, "account": account, "is_primary": is_primary}
            for address, account, is_primary in (*people, ("bea@bold.example", "bold", True))
        ],
    )
    used = [{"account": name, "ticket": None, "at": NOW} for name in ("acme", "acme", "gone")]
    connection.execute(insert(withdrawals), used)


def test_an_account_is_whole_whatever_it_has(engine: Engine) -> None:
    with engine.begin() as connection:
        fill(connection)

        # When accounts are loaded, one of them unknown
        found = load_accounts(connection, ("acme", "bold", "gone", "nobody"), lock=True)

        # Then each has its people, the primary contact first, and its withdrawals
        people = {
            name: [one.address for one in account.contacts] for name, account in found.items()
        }
        assert people == {
            "acme": ["zoe@acme.example", "ann@acme.example"],
            "bold": ["bea@bold.example"],
            "gone": [],
        }
        assert {name: len(one.withdrawals) for name, one in found.items()} == {
            "acme": 2,
            "bold": 0,
            "gone": 1,
        }


def test_an_account_is_found_by_any_of_its_contacts(engine: Engine) -> None:
    with engine.begin() as connection:
        fill(connection)

        # When it is looked for by a contact, then it is the same as by its name
        for address, name in (("ann@acme.example", "acme"), ("bea@bold.example", "bold")):
            assert load_account_of(connection, address) == load_account(connection, name)
        assert load_account_of(connection, "stranger@else.example") is None
