"""Varde: the portal for KDF's coaching pilot and mentor scheme."""

from functools import partial
from importlib import import_module
from pathlib import Path

import click
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from config import Config
from portal import (
    access,
    cli,
    compression,
    database,
    errors,
    language,
    logs,
    probes,
    rendering,
    revision,
    security,
)
from portal.accounts import forgetting, sign_in
from portal.audit import reads
from portal.audit import register as register_audit
from portal.extensions import babel, csrf, db, htmx, limiter, login_manager
from portal.keys import register as register_keys

ROOT = Path(__file__).parent.parent

# Module and blueprint of every subject, in the order of DESIGN.md.
BLUEPRINTS = (
    ("portal.accounts.views", "accounts"),
    ("portal.accounts.factor_views", "factors"),
    ("portal.accounts.second_factor_views", "second_factor"),
    ("portal.accounts.organisation_views", "organisation"),
    ("portal.accounts.security_views", "security"),
    ("portal.accounts.access_views", "access"),
    ("portal.members.profile_views", "profile"),
    ("portal.members.secretariat_views", "members"),
    ("portal.coaching.member_views", "coaching"),
    ("portal.coaching.coach_views", "coach"),
    ("portal.coaching.secretariat_views", "enrolments"),
    ("portal.mentoring.profile_views", "mentoring_profile"),
    ("portal.mentoring.mentorship_views", "mentoring"),
    ("portal.mentoring.mentor_views", "mentor"),
    ("portal.mentoring.round_report_views", "rounds"),
    ("portal.costs.views", "costs"),
    ("portal.steering.views", "steering"),
    ("portal.privacy.views", "privacy"),
    ("portal.home.views", "home"),
)


def create_app(settings: Config) -> Flask:
    """The application with these settings."""
    app = Flask(
        "portal",
        root_path=str(ROOT / "portal"),
        template_folder=str(ROOT / "templates"),
        instance_path=str(ROOT / "instance"),
    )
    app.config.from_object(settings)
    logs.register(app)
    Path(app.instance_path).mkdir(exist_ok=True)
    for extension in (db, login_manager, csrf, limiter, htmx):
        extension.init_app(app)
    if click.get_current_context(silent=True) is not None:  # a flask command, perhaps `flask db`
        use_migrations(app)
    babel.init_app(app, locale_selector=lambda: app.config["BABEL_DEFAULT_LOCALE"])
    with app.app_context():
        database.prepare(db.engine)
    register_keys(db.session)
    register_audit(db.session)
    revision.register(db.session)
    for part in (access, errors, compression, security, reads, sign_in, forgetting, probes, cli):
        part.register(app)
    _register_blueprints(app)
    language.register(app)
    rendering.register(app)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # Flask's own way of wrapping
        app.wsgi_app,
        root=str(ROOT / "portal" / "static"),
        prefix="static/",
        max_age=365 * 86400,
        allow_all_origins=False,
        add_headers_function=partial(security.protect_file, app),
    )
    proxies = app.config["TRUSTED_PROXIES"]
    if proxies:  # each adds the address it was called from; the limits count by the visitor's own
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]  # as above
    return app


def use_migrations(app: Flask) -> None:
    """Let the application's tables be migrated. The web process never does, and starts without Alembic."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)


def _register_blueprints(app: Flask) -> None:
    for module, name in BLUEPRINTS:
        app.register_blueprint(getattr(import_module(module), name))
    if app.config["DEMO"]:
        app.register_blueprint(import_module("portal.demo.views").demo)
