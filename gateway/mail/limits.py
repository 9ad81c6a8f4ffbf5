"""How much of a mail is read: beyond these figures a mail is kept, but no longer looked into.

Each limit is applied before the code that would suffer from its excess (A55-A58): header bytes are
cut before fields are split, fields before they are decoded, depth and count while parts are found.
A mail over a limit is still returned, with the matching `Defect.LIMIT_…` among its defects.
"""

from typing import Final

SIZE_MAX: Final = 35 * 1024 * 1024
HEADER_BYTES_MAX: Final = 128 * 1024
FIELD_BYTES_MAX: Final = 8 * 1024
STRUCTURE_BYTES_MAX: Final = 2 * 1024
"""Content-Type, Content-Disposition and the like; nobody needs more, and parameters cost most."""
MESSAGE_ID_MAX: Final = 998
FIELD_COUNT_MAX: Final = 1000
MAILBOX_COUNT_MAX: Final = 1000
REFERENCE_COUNT_MAX: Final = 100
DEPTH_MAX: Final = 20
PART_COUNT_MAX: Final = 500
COMMAND_CHARS_MAX: Final = 64 * 1024
TEXT_CHARS_MAX: Final = 1024 * 1024
TEXT_BYTES_MAX: Final = 4 * TEXT_CHARS_MAX
HTML_CHARS_MAX: Final = 2 * 1024 * 1024
GUESS_BYTES_MAX: Final = 16 * 1024
"""What the charset guess looks at; more does not make it better, only slower."""
FILENAME_CHARS_MAX: Final = 120
