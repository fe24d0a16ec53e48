"""PyScript's named worker `trainer`: loads NumPy and the tabgrad package into this interpreter, then serves the page.

Nothing else may live here. The page's first message carries the manifest, and the port for all other messages.
"""

import asyncio
import json
import sys

import js
import pyodide_js
from polyscript import xworker  # PyScript calls `xworker.onmessage` of this module

FOLDER = "/home/pyodide/site"


async def boot(event: "js.MessageEvent") -> None:
    """Load the parts that the manifest names, and start to serve."""
    port, first = event.ports[0], event.data
    try:
        opening = json.loads(first)

        async def unpack() -> None:
            response = await js.fetch(opening["base"] + opening["manifest"]["python"]["tabgrad"])
            if response.status == 404:  # its name has a hash
                raise OSError("a newer version of this page is there")
            pyodide_js.unpackArchive(await response.arrayBuffer(), "zip", extractDir=FOLDER)

        await asyncio.gather(pyodide_js.loadPackage("numpy", checkIntegrity=False), unpack())
        sys.path.insert(0, FOLDER)
        from tabgrad.session import entry

        entry.serve(port, first)
    except Exception as error:
        # The tabgrad package may be missing, so this event is written by hand.
        why = str(error)[:80]
        sentence = f"The training worker could not start ({why}). Check the network and reload the page."
        failed = {"protocol": 3, "type": "failed", "id": 0, "reply_to": 0, "kind": "start", "message": sentence}
        port.postMessage(js.Array.of(json.dumps(failed)))
        raise


xworker.onmessage = boot
