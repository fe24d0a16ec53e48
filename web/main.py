"""PyScript's main script: loads NumPy and the tabgrad package into this interpreter, then calls `tabgrad.ui.app`.

Nothing else may live here. web/boot.js reports a failed boot, because it runs before Python and without it.
"""

import asyncio
import json
import sys

import js
import pyodide_js

FOLDER = "/home/pyodide/site"


async def boot() -> None:
    """Load the parts that the manifest names, and start the page."""
    manifest = json.loads(js.document.getElementById("manifest").textContent)

    async def unpack() -> None:
        response = await js.fetch(manifest["python"]["tabgrad"])
        pyodide_js.unpackArchive(await response.arrayBuffer(), "zip", extractDir=FOLDER)

    # No integrity check: boot.js has already started this download without one, and the URL contains a hash.
    await asyncio.gather(pyodide_js.loadPackage("numpy", checkIntegrity=False), unpack())
    sys.path.insert(0, FOLDER)
    from tabgrad.ui import app

    await app.start()


try:
    await boot()  # type: ignore[top-level-await]  # noqa: F704, PLE1142 - PyScript runs this file as a coroutine
except Exception as error:
    js.tabgradBoot.fail(str(error).strip().rpartition("\n")[2])
    raise
