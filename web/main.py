"""PyScript's main script: brings NumPy and our package into this interpreter, then hands over to `tabgrad.ui.app`.

Nothing else may live here. A failure of the boot is reported by web/boot.js, which is there before and without Python.
"""

import asyncio
import json
import sys

import js
import pyodide_js

FOLDER = "/home/pyodide/site"


async def boot() -> None:
    """Load what the manifest names, and start."""
    manifest = json.loads(js.document.getElementById("manifest").textContent)

    async def unpack() -> None:
        response = await js.fetch(manifest["python"]["tabgrad"])
        pyodide_js.unpackArchive(await response.arrayBuffer(), "zip", extractDir=FOLDER)

    # boot.js has the wheel on its way already, without an integrity to check: its folder's name is its hash.
    await asyncio.gather(pyodide_js.loadPackage("numpy", checkIntegrity=False), unpack())
    sys.path.insert(0, FOLDER)
    from tabgrad.ui import app

    await app.start()


try:
    await boot()  # type: ignore[top-level-await]  # noqa: F704, PLE1142 - PyScript runs this file as a coroutine
except Exception as error:
    js.tabgradBoot.fail(str(error).strip().rpartition("\n")[2])
    raise
