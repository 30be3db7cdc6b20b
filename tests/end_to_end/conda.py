# Looks for a package in the channel that a file names, with the library of pixi and rattler-build. What conda does itself, it does here
# as conda's documentation has it: it puts variables into addresses.
import asyncio
import os
import re
import sys

from rattler import Channel, Client, Gateway, MatchSpec, Platform
from rattler.networking import AuthenticationMiddleware


async def main(file, package):
    with open(file, encoding="utf-8") as text:
        written = re.search(r"https://[^\s\"',\]]+", text.read()).group(0)
    address = os.path.expandvars(written) if file.endswith("condarc") else written
    channel = address if address.endswith("/main") else address.rstrip("/") + "/main"
    gateway = Gateway(client=Client([AuthenticationMiddleware()]), cache_dir=os.path.expanduser("~/.cache/rattler"))
    found = await gateway.query([Channel(channel)], [Platform("noarch")], [MatchSpec(package)], recursive=False)
    return 0 if any(found) else 1


ended = asyncio.run(main(sys.argv[1], sys.argv[2]))
# At once: a thread of the library that is still there as Python takes itself apart ends the process with an abort.
os._exit(ended)
