"""The models that are shipped with the site: fetches card, weights and program, and puts them on the engine.

A model that cannot be used raises one sentence and leaves the others alone. Knows no network and no engine by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tabgrad.backends import Device, Executable
from tabgrad.network import load_safetensors
from tabgrad.program import Program, ProgramError, Target, loads

from .model import Model, load_model, parse_card

Fetch = Callable[[str], Awaitable[bytes]]


class ShippedPrograms:
    """The programs of the site's models, each fetched and checked once. `urls` is the manifest's "models"."""

    def __init__(self, urls: Mapping[str, Any], fetch: Fetch) -> None:
        self.urls, self.fetch = urls, fetch
        self._known: dict[str, Program] = {}

    async def get(self, model: str, name: str, target: Target, variant: str) -> Program | None:
        """A program of a model in one variant; None where the site has none. Raises OSError or ProgramError."""
        url = self.urls.get(model, {}).get("programs", {}).get(f"{name}.{target}.{variant}")
        if url is None:
            return None
        if url not in self._known:
            self._known[url] = loads(await self.fetch(url))
        return self._known[url]

    async def best(self, model: str, name: str, device: Device) -> Program:
        """A program in the best variant for `device` that the site has. Raises ProgramError if it has none."""
        for variant in device.variants:
            if program := await self.get(model, name, device.target, variant):
                return program
        raise ProgramError(f"This site has no program {name!r} of {model!r} for {device.description}.")


class ShippedModels:
    """The site's models on one device, each loaded when it is first needed."""

    def __init__(self, programs: ShippedPrograms, device: Device) -> None:
        self._programs, self._device = programs, device
        self._ready: dict[str, Model] = {}

    async def get(self, name: str) -> Model:
        """The model called `name`. Raises OSError, ProgramError, WeightsError or EngineError with one sentence."""
        if name not in self._ready:
            self._ready[name] = await self._load(name)
        return self._ready[name]

    async def load_program(self, name: str, program: str, share: Executable | None = None) -> Executable:
        """Put another of a model's programs ("activations", "saliency") on the device, for a panel.

        Weights are those of `share` where it has them.
        """
        return await self._device.load(await self._programs.best(name, program, self._device), share)

    async def _load(self, name: str) -> Model:
        site = self._programs
        if name not in site.urls:
            raise ProgramError(f"This site was built without the model {name!r}.")
        card, weights, program = await asyncio.gather(
            site.fetch(site.urls[name]["card"]),
            site.fetch(site.urls[name]["weights"]),
            site.best(name, "infer", self._device),
        )
        return await load_model(self._device, name, parse_card(card), program, load_safetensors(weights)[0])
