# hatch, led through the proxy that it passes by when it publishes. All else is its own.
import os

import httpx2
from hatch.cli import hatch

made = httpx2.HTTPTransport.__init__
httpx2.HTTPTransport.__init__ = lambda self, **settings: made(self, proxy=os.environ["HTTPS_PROXY"], **settings)
hatch(prog_name="hatch")
