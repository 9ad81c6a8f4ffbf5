"""The tree of commands."""

import typer

from gateway.cli import (
    auth,
    backup,
    calendar,
    customers,
    daemon,
    demo,
    explain,
    init,
    mail,
    nodes,
    orders,
    outbox,
    reading,
    report,
    settings,
    split,
    templates,
    tickets,
    wire,
)
from gateway.cli import credits as credit

app = typer.Typer(
    name="gateway",
    help="An email-driven support desk: mails become tickets, prices are confirmed by reply, "
    "promises are kept. Begin with `gateway demo`.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
demo.add_to(app)
init.add_to(app)
daemon.add_to(app)
reading.add_to(app)
explain.add_to(app)
nodes.add_to(app)
backup.add_to(app)
report.add_to(app)
settings.add_to(app)
wire.add_to(app)
app.add_typer(tickets.app, name="tickets")
app.add_typer(customers.app, name="customers")
app.add_typer(credit.app, name="credits")
app.add_typer(orders.app, name="orders")
app.add_typer(calendar.app, name="calendar")
app.add_typer(mail.app, name="mail")
app.add_typer(outbox.app, name="outbox")
app.add_typer(auth.app, name="auth")
app.add_typer(split.app, name="split")
app.add_typer(templates.app, name="templates")
