"""Bytes to values and back: knows the RFCs of mail, knows no tickets. Pure."""
