"""A person at a screen: goes to pages, is somebody, and notices what is wrong."""

from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > wide + 1)
    .map(e => `${e.tagName.toLowerCase()}.${e.className} to ${Math.round(e.getBoundingClientRect().right)} px`)
    .slice(0, 8);
}"""


class Visitor:
    """A browser's page, with the demonstration's address."""

    def __init__(self, page: Page, server: str) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # A refusal's status is part of how the portal speaks; what the page itself does wrong is not.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> Page:
        self.page.goto(self.server + path)
        return self.page

    def become(self, persona: str) -> Page:
        """Choose a persona on the first page."""
        self.go("/")
        self.page.locator(f"button[name=persona][value={persona}]").click()
        self.page.wait_for_url(lambda url: url.rstrip("/") != self.server)
        return self.page

    def press(self, name: str, within: str = "main") -> None:
        """Press a button by its words. Several alike: the first."""
        self.page.locator(within).get_by_role("button", name=name).first.click()

    def follow(self, name: str, within: str = "main") -> None:
        """Follow a link by its words. Several alike: the first."""
        self.page.locator(within).get_by_role("link", name=name).first.click()

    def fill(self, **values: str) -> None:
        """Write into fields by their names."""
        for name, value in values.items():
            self.page.locator(f"main [name={name}]").fill(value)

    def choose(self, group: str, option: str) -> None:
        """Choose an answer to a question, as it stands on the screen."""
        self.page.get_by_role("group", name=group).get_by_label(option, exact=True).check()

    def sees(self, *texts: str, at: str = "body") -> None:
        """Wait until the page says all of this."""
        for text in texts:
            expect(self.page.locator(at).first).to_contain_text(text)

    def sees_no(self, *texts: str, at: str = "body") -> None:
        for text in texts:
            expect(self.page.locator(at).first).not_to_contain_text(text)

    def focused(self) -> Locator:
        return self.page.locator(":focus")

    def violations(self, rules: dict[str, Any] | None = None) -> list[str]:
        """What axe finds on the page as it stands. Without `rules`, everything that WCAG A and AA ask for."""
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(AXE.read_text())
        options = {"runOnly": rules or ALL_RULES, "resultTypes": ["violations"], "elementRef": False}
        found: dict[str, Any] = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{v['id']}: {v['help']} at {node['target']}: {node.get('failureSummary', '')[:300]}"
            for v in found["violations"]
            for node in v["nodes"]
        ]

    def too_wide(self) -> list[str]:
        """What sticks out of the page to the right."""
        found: list[str] = self.page.evaluate(WIDER)
        return found
