"""What every response tells the browser: run nothing foreign, frame nothing, keep nothing of a signed-in page."""

from wsgiref.headers import Headers

from flask import Flask, Response, request, session

from portal.access import current_user

# Everything a browser could be asked for on a page's behalf; the portal asks for nothing.
FEATURES = (
    "accelerometer", "ambient-light-sensor", "attribution-reporting", "autoplay", "bluetooth", "browsing-topics",
    "camera", "compute-pressure", "display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation",
    "gyroscope", "hid", "identity-credentials-get", "idle-detection", "keyboard-map", "local-fonts", "magnetometer",
    "microphone", "midi", "otp-credentials", "payment", "picture-in-picture", "screen-wake-lock", "serial",
    "speaker-selection", "storage-access", "usb", "web-share", "window-management", "xr-spatial-tracking",
)  # fmt: skip
# A passkey is made and used by the portal's own pages, and by nobody else's.
PERMISSIONS = ", ".join(
    [*(f"{feature}=()" for feature in FEATURES), "publickey-credentials-create=(self)",
     "publickey-credentials-get=(self)"]
)  # fmt: skip
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
TRANSPORT = "max-age=63072000; includeSubDomains"


def register(app: Flask) -> None:
    """Set the headers."""

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = PERMISSIONS
        headers["X-Frame-Options"] = "DENY"
        if app.config["SESSION_COOKIE_SECURE"]:
            headers["Strict-Transport-Security"] = TRANSPORT
        if _is_somebodys(response):
            headers["Cache-Control"] = "no-store"
        return response


def protect_file(app: Flask, headers: Headers, _path: str, _url: str) -> None:
    """The same for style sheets, scripts and pictures, which are answered before the application is asked."""
    if app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = TRANSPORT
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "same-origin"


def _is_somebodys(response: Response) -> bool:
    """Whether the answer is for one person: signed in or with a form's token, a redirect, an error, or a post's."""
    if request.endpoint == "static" and response.status_code < 400:
        return False
    return (
        current_user.is_authenticated
        or bool(session)
        or response.status_code != 200
        or request.method != "GET"
    )
