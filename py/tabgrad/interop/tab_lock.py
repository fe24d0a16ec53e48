"""A lock that only one tab of this folder can hold at a time: a Web Lock. Knows nothing of what it protects.

The browser releases the lock when the tab is closed or crashes. https://www.w3.org/TR/web-locks/
"""

from __future__ import annotations

import asyncio
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import js_function, or_none, release, to_js
from .folder import named


class TabLock:
    """The lock called `name`. In a browser without Web Locks every tab can hold it."""

    def __init__(self, name: str) -> None:
        self._name = named(name)
        self._let_go: Any = None
        self._released: Any = None  # a promise: the browser has taken the lock back
        self._one_at_a_time = asyncio.Lock()  # two requests of one tab would refuse each other

    async def take(self) -> bool:
        """Take the lock if it is free; True if this tab holds it now. Never waits for another tab."""
        async with self._one_at_a_time:
            if self._let_go is not None:
                return True
            if self._released is not None:
                await self._released
            return await self._ask()

    async def _ask(self) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def keep(resolve: Any, _reject: Any) -> None:
            self._let_go = resolve

        def granted(lock: Any) -> Any:
            """The lock is held until the promise that this returns is resolved."""
            has_it = bool(or_none(lock))
            answer.set_result(has_it)
            return js.Promise.new(executor) if has_it else None

        def refused(_error: Any) -> None:
            """The browser's settings forbid locks: go on without one."""
            if not answer.done():
                answer.set_result(True)

        executor, callback, fault = proxies = [js_function(f) for f in (keep, granted, refused)]
        try:
            request = js.navigator.locks.request(self._name, to_js({"ifAvailable": True}), callback)
            self._released = request.then(None, fault)
            return await answer
        except (AttributeError, JsException):
            return True
        finally:
            for proxy in proxies:
                release(proxy)

    def give_back(self) -> None:
        """Release the lock, so that another tab can take it. Idempotent."""
        if self._let_go is not None:
            self._let_go(None)
            self._let_go = None
