"""Let a person grant access to a mailbox: by a code on any device, or with a browser.

Nothing listens here: the gateway may stand on a machine without a browser, behind a firewall.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from gateway.wire.oauth import client_of, json_object, kept_of, reasons
from gateway.wire.oauth_file import Kept
from gateway.wire.oauth_grant import Grant, Way
from gateway.wire.token import NoToken

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_SECONDS: Final = 5.0
USUAL_INTERVAL: Final = 5.0
"""RFC 8628 section 3.5: where the server names none."""
REDIRECT: Final = "http://127.0.0.1:8027/"
"""Nobody answers there: the person copies the address that the browser ended at."""

Say = Callable[[str], None]
Ask = Callable[[str], Awaitable[str]]
Pause = Callable[[float], Awaitable[None]]


async def log_in(
    grant: Grant, clock: Callable[[], datetime], say: Say, ask: Ask, pause: Pause = asyncio.sleep
) -> Kept:
    """Guide a person through a log-in; returns what is to be kept. Raises `NoToken`."""
    with reasons():
        async with await client_of(grant) as client:
            if grant.way is Way.DEVICE_CODE:
                told = await _with_device(grant, client, say, pause)
            else:
                told = await _with_browser(grant, client, say, ask)
    return kept_of(told, clock())


async def _with_device(grant: Grant, client: AsyncOAuth2Client, say: Say, pause: Pause) -> Any:
    """RFC 8628."""
    response = await client.request(
        "POST",
        grant.device_url,
        data={"client_id": grant.client_id, "scope": grant.scope},
        withhold_token=True,
    )
    if response.is_server_error:
        response.raise_for_status()
    told = json_object(response.text)
    if "error" in told:
        raise OAuthError(told["error"], told.get("error_description"))
    place = told.get("verification_uri") or told["verification_url"]
    say(f"Open {place} in a browser, log in as the user of the mailbox, and enter the code")
    say(f"    {told['user_code']}")
    interval = float(told.get("interval") or USUAL_INTERVAL)
    left = float(told.get("expires_in") or 900)
    while left > 0:
        await pause(interval)
        left -= interval
        try:
            return await client.fetch_token(
                grant.token_url,
                grant_type=DEVICE_GRANT,
                device_code=told["device_code"],
                client_id=grant.client_id,
            )
        except OAuthError as error:
            if error.error == "slow_down":
                interval += SLOWER_SECONDS
            elif error.error != "authorization_pending":
                raise
    raise NoToken("nobody entered the code in time")


async def _with_browser(grant: Grant, client: AsyncOAuth2Client, say: Say, ask: Ask) -> Any:
    """RFC 8252 with PKCE (RFC 7636); the person carries the answer over."""
    verifier = generate_token(64)
    address, state = client.create_authorization_url(
        grant.authorize_url,
        code_verifier=verifier,
        redirect_uri=REDIRECT,
        **grant.authorize_more,
    )
    say("Open this address in a browser, log in as the user of the mailbox, and agree:")
    say(f"    {address}")
    say("The browser then ends at a page that does not open. Copy the address of that page.")
    answer = (await ask("Address: ")).strip()
    if "code=" not in answer:
        raise NoToken("that address holds no code: copy it from the browser as a whole")
    return await client.fetch_token(
        grant.token_url,
        authorization_response=answer,
        state=state,
        code_verifier=verifier,
        redirect_uri=REDIRECT,
    )
