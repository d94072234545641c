"""What a phone has to fetch: bytes over the wire, as Chromium counts them."""

from playwright.sync_api import Browser, sync_playwright

from bench.figures import Figure
from tests.support import chromium

FIRST, AGAIN = 200.0, 20.0
PAGES = ("mentee", "secretariat")


def page_weight(port: int) -> list[Figure]:
    figures = []
    with sync_playwright() as playwright:
        path = chromium.executable(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        for persona in PAGES:
            first, again = _visits(browser, f"http://127.0.0.1:{port}", persona)
            figures += [
                Figure(f"{persona}'s main page, first visit", first, "KB", FIRST),
                Figure(f"{persona}'s main page, next visit", again, "KB", AGAIN),
            ]
        browser.close()
    return figures


def _visits(browser: Browser, address: str, persona: str) -> tuple[float, float]:
    """Kilobytes of the main page with an empty cache, and with a filled one."""
    signing_in = browser.new_context()
    page = signing_in.new_page()
    page.goto(address)
    page.locator(f"form:has([name=persona][value={persona}]) button").first.click()
    page.wait_for_url(lambda url: url.rstrip("/") != address)
    target, cookies = page.url, signing_in.cookies()
    signing_in.close()

    context = browser.new_context()
    context.add_cookies(cookies)  # type: ignore[arg-type]  # what cookies() gives is what add_cookies() takes
    page = context.new_page()
    fetched: list[float] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: fetched.append(event["encodedDataLength"]))
    weights = []
    for _ in range(2):
        fetched.clear()
        page.goto(target, wait_until="networkidle")
        weights.append(sum(fetched) / 1000)
        page.goto("about:blank")
    context.close()
    return weights[0], weights[1]
