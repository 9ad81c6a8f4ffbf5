"""Speaks protocols, knows no tickets: bytes from the wire into the spool, letters onto the wire."""
