"""A bar on standard error for what takes long; where that is no terminal, nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[str], None]
"""One step more is done; says what comes next."""


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool = False) -> Iterator[Step]:
    """Show how far something of so many steps has come; None where nobody knows how many."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal and not quiet
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(what, total=total)

        def step(stage: str = "") -> None:
            bar.update(task, description=f"{what}: {stage}" if stage else what, advance=1)

        yield step
