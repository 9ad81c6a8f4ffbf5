"""The command line: one file a noun, every command with a help that teaches.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 75 try again later, 78 wrong settings.
"""

import os
import sys
from io import TextIOWrapper

from gateway.cli.app import app


def main() -> None:
    """Entry point of the `gateway` command."""
    from gateway.settings.problems import WrongSettings

    # Everything a desk writes holds customers' mails or keys: readable by its owner only.
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        # A terminal without a letter of a name, or of ours, shows a question mark for it.
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
    try:
        app()
    except WrongSettings as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(78)
