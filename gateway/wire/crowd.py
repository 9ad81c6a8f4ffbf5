"""How many connections there are, in all and of one peer: who is one too many hears it at once.

Mail servers of ours are exempt, so that strangers cannot keep them out (attack A47). Sockets of
this host have no address and count in all only. In IPv6 one peer is a network of 64 bits: whoever
has one address there has them all.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from gateway import journal

TELL_EVERY: Final = 10.0
"""Seconds between two lines of the diary about refused connections, however many there are."""
IPV6_PEER_BITS: Final = 64


class Networks:
    """Addresses and networks, asked whether they hold a peer."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(one) for one in networks]

    def __contains__(self, address: object) -> bool:
        if not self._networks or not isinstance(address, str) or not address:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


class Crowd:
    """Connections that are open now."""

    def __init__(self, most: int, most_of_one: int, exempt: Networks) -> None:
        self.most = most
        self._most_of_one = most_of_one
        self._exempt = exempt
        self._of_one: dict[str, int] = {}
        self._refused = 0
        self._told_at = float("-inf")
        self.count = 0
        """Connections of peers that are not exempt."""

    def enter(self, address: str) -> bool:
        """Let a peer in; false where that is one connection too many."""
        if address in self._exempt:
            return True
        peer = _peer(address)
        mine = self._of_one.get(peer, 0)
        if self.count >= self.most or (peer and mine >= self._most_of_one):
            self._refused += 1
            return False
        self.count += 1
        if peer:
            self._of_one[peer] = mine + 1
        return True

    def leave(self, address: str) -> None:
        """A peer that was let in has gone."""
        if address in self._exempt:
            return
        self.count -= 1
        peer = _peer(address)
        if (left := self._of_one.get(peer, 0) - 1) > 0:
            self._of_one[peer] = left
        else:
            self._of_one.pop(peer, None)

    def tell(self, now: float) -> None:
        """Tell the diary how many were sent away since the last time, now and then."""
        if self._refused and now - self._told_at >= TELL_EVERY:
            journal.warn("crowded", count=self._refused, open=self.count)
            self._refused, self._told_at = 0, now


def _peer(address: str) -> str:
    """What counts as one peer."""
    if ":" not in address:
        return address
    try:
        return str(ip_network(f"{address.partition('%')[0]}/{IPV6_PEER_BITS}", strict=False))
    except ValueError:
        return address
