"""The command line: one file a noun, every command with a help that teaches.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 75 try again later, 78 wrong settings.
"""

import sys

from gateway.cli.app import app


def main() -> None:
    """Entry point of the `gateway` command."""
    from gateway.settings.problems import WrongSettings

    try:
        app()
    except WrongSettings as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(78)
