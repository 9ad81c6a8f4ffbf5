"""A crowd at the door: memory of the daemon, and how an honest client fares (promise P11, F35).

    python tests/bench/crowd.py [--connections 10000] [--rounds 2]

Starts a desk with the limits as they are delivered, fills it up to them with peers that say
nothing, then knocks so many times more from other addresses. Each must hear 421. Reports the memory
of the daemon and its reading process, idle and at its highest, and the time of one mail from a
relay of ours; exit code 1 where 300 MiB or one second are passed.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from desks import change, write_desk
from servers.gateway import Gateway

MIB = 1024
MEMORY_MAX_MIB = 300
SECONDS_MAX = 1.0
AT_ONCE = 100
MAIL = b"From: kim@newco.example\r\nSubject: Tax\r\nMessage-ID: <%d@x.example>\r\n\r\nHow?\r\n"


def memory(pid: int, figure: str = "VmRSS") -> int:
    """KiB that a process and its children hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith(figure))
    return own + sum(memory(int(child), figure) for child in children)


async def silent(port: int, count: int) -> list[asyncio.StreamWriter]:
    """Peers of many addresses that are let in and say nothing."""
    made = []
    for number in range(count):
        address = (f"127.1.{number // 20}.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
        if not (await reader.readline()).startswith(b"220"):
            raise RuntimeError("there was no room below the limit")
        made.append(writer)
    return made


async def knock(port: int, number: int) -> bool:
    """One more; whether it is sent away as it should be."""
    address = (f"127.2.{number % 250}.{1 + number // 250 % 250}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
    reply = await reader.readline()
    writer.close()
    return reply.startswith(b"421 4.3.2")


async def mail(gateway: Gateway, number: int) -> float:
    """Seconds of a mail of our relay."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await gateway.send(MAIL % number)
    return loop.time() - began


async def measure(connections: int, rounds: int) -> int:
    """The whole run; 1 where a bound is passed."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_desk(Path(folder))
        change(path, "# relays = []", 'relays = ["127.0.0.1"]')
        gateway = Gateway(path)
        await gateway.start()
        port, pid = int(gateway.addresses["smtp"].rpartition(":")[2]), gateway.running.pid
        try:
            slowest = await mail(gateway, 0)
            print(f"idle            {memory(pid) / MIB:6.0f} MiB")
            inside = await silent(port, 500)
            print(f"500 inside      {memory(pid) / MIB:6.0f} MiB")
            for turn in range(rounds):
                sent_away = 0
                for begin in range(0, connections, AT_ONCE):
                    numbers = range(begin, min(begin + AT_ONCE, connections))
                    sent_away += sum(await asyncio.gather(*(knock(port, one) for one in numbers)))
                    if begin % 2000 == 0:
                        slowest = max(slowest, await mail(gateway, connections * turn + begin + 1))
                print(f"{sent_away:6} sent away {memory(pid) / MIB:5.0f} MiB")
            highest = memory(pid, "VmHWM") / MIB
            print(f"at its highest  {highest:6.0f} MiB (asked: below {MEMORY_MAX_MIB})")
            print(f"slowest mail    {slowest:6.2f} s   (asked: below {SECONDS_MAX})")
            for one in inside:
                one.close()
        finally:
            await gateway.stop()
    return int(sent_away < connections or highest > MEMORY_MAX_MIB or slowest > SECONDS_MAX)


def main() -> int:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=10_000, help="beyond the limit")
    parser.add_argument("--rounds", type=int, default=2, help="of so many connections")
    options = parser.parse_args()
    return asyncio.run(measure(options.connections, options.rounds))


if __name__ == "__main__":
    sys.exit(main())
