"""The only SQL: rows live and die in here; what leaves are the values of the core."""
