"""Working time: open periods of a calendar, and arithmetic on them. Pure."""
