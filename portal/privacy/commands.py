"""What whoever runs the portal does about privacy from a terminal."""

import click
from flask.cli import AppGroup

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.privacy import erasure, retention, traces
from portal.privacy.record import record

commands = AppGroup("privacy", help="Personal data: the record, erasure, and what is too old.")


@commands.command("record")
def write_record() -> None:
    """Print the record of processing activities (article 30)."""
    click.echo(record(), nl=False)


@commands.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do it now, without the week to think.")
def erase(email: str, yes: bool) -> None:
    """Erase the person with EMAIL at once."""
    user = db.session.scalar(User.by_email(email))
    if user is None:
        raise click.ClickException("Nobody has that address.")
    if not yes:
        raise click.ClickException("This cannot be undone. Say --yes when you are sure.")
    try:
        erasure.erase(user, None, clock.now())
    except DomainError as no:
        raise click.ClickException(str(no)) from no
    db.session.commit()
    traces.sweep()
    click.echo("Erased.")


@commands.command("sweep")
def sweep() -> None:
    """Delete what is too old now, as the worker does by itself."""
    count = retention.sweep(clock.now())
    db.session.commit()
    click.echo(f"{count} rows")
