"""Letters: a name and what it may say become the final bytes of a mail."""
