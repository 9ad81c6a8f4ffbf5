"""The command line: one file a noun, every command with a help that teaches.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 75 try again later, 78 wrong settings.
"""

import os
import sys

from gateway.cli.app import app


def main() -> None:
    """Entry point of the `gateway` command."""
    from gateway.settings.problems import WrongSettings

    # Everything a desk writes holds customers' mails or keys: readable by its owner only.
    os.umask(0o077)
    try:
        app()
    except WrongSettings as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(78)
