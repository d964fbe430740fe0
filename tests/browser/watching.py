"""What a browser does that a person does not see: script that runs, policies that are broken, addresses that open
apps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.hostile import MARK

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

POLICY = "Content Security Policy"


class Watch:
    """Everything noticed in one browser context.

    ``left`` are addresses of apps that the browser was sent to; ``faults`` is what must never happen on our pages.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.left: list[str] = []
        self.faults: list[str] = []
        self.said: list[str] = []
        self.posted: list[str] = []
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("dialog", self._on_dialog)

    async def look(self, page: Page) -> None:
        """Note it when a value of somebody has run as script on the page that stands now."""
        if await page.evaluate(f"window.{MARK}") is not None:
            self.faults.append(f"ran on {page.url}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("http:", "https:", "data:")):
            self.left.append(request.url)
        if request.method == "POST":
            self.posted.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)
        if POLICY in message.text:
            self.faults.append(message.text)

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        await dialog.dismiss()
