"""`gateway smtp-user` and `gateway systemd`: what an operator sets up once on a host."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.operator import Config, operator_of, refuse

PRIVILEGED = 1024
"""Ports below need a capability."""

UNIT = """\
# Save as /etc/systemd/system/gateway.service, then:
#   useradd --system --user-group --home-dir {state} gateway
#   install --directory --owner gateway --group gateway --mode 700 {state}
#   systemctl daemon-reload && systemctl enable --now gateway
[Unit]
Description=Ticket gateway
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target postgresql.service

[Service]
Type=notify
ExecStart={command} run --config {config}
User=gateway
UMask=0077
Restart=on-failure
RestartSec=2s
# Wrong settings do not mend by trying again.
RestartPreventExitStatus=78
WatchdogSec=60s
TimeoutStartSec=5min
TimeoutStopSec=60s
LimitNOFILE=8192
RuntimeDirectory=gateway
ReadWritePaths={state}
# Secrets: LoadCredential=smarthost:/etc/gateway/smarthost-password, and in gateway.toml
# password_file = "/run/credentials/gateway.service/smarthost".

ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}

[Install]
WantedBy=multi-user.target
"""


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("smtp-user")(smtp_user)
    app.command()(systemd)


def smtp_user(
    name: Annotated[str, typer.Argument(help="Name to log in with.")],
) -> None:
    """Print a line for `smtp.users_file`: the name and its hashed password.

    The password is asked for, or read from standard input where that is no terminal.
    """
    from gateway.wire.smtp_users import hash_password

    if not name or ":" in name or name.startswith("#") or not name.isprintable():
        refuse("a name has no colon and does not begin with #")
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        refuse("the password is empty")
    print(f"{name}:{hash_password(password.encode())}")


def systemd(context: typer.Context, config: Config = None) -> None:
    """Print a hardened systemd unit that runs the gateway with these settings.

    systemd hears when mail is taken, and restarts a gateway whose event loop stands still.
    """
    settings = operator_of(context).settings(config)
    smtp, lmtp = settings.gateway.smtp, settings.gateway.lmtp
    needs_port = any(_is_privileged(one) for one in (smtp.listen, smtp.tls_listen, lmtp.listen))
    program = Path(sys.argv[0])
    installed = program.name == "gateway" and program.is_file()
    home = Path.home().parent if Path.home() != Path("/root") else Path("/home")
    at_home = any(
        path.is_relative_to(home) for path in (settings.path.resolve(), Path(sys.prefix).resolve())
    )
    print(
        UNIT.format(
            command=program.resolve() if installed else f"{sys.executable} -m gateway",
            config=settings.path.resolve(),
            state=settings.state_dir,
            protect_home="read-only" if at_home else "yes",
            capabilities="CAP_NET_BIND_SERVICE" if needs_port else "",
        ),
        end="",
    )


def _is_privileged(address: str | None) -> bool:
    port = (address or "").rpartition(":")[2]
    return port.isdecimal() and 0 < int(port) < PRIVILEGED
