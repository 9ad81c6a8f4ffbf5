"""The history of the tables: numbered steps that lead any older database here."""
