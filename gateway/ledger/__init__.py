"""The book of credits: entries and the sums they make. Pure."""
