"""flask keys: what whoever runs the portal does with the keys."""

import click
from flask.cli import AppGroup

from portal import audit, clock
from portal.extensions import db
from portal.keys import rotation
from portal.keys.masters import masters

ROTATED = audit.declare("keys rotated", "count")
key_commands = AppGroup("keys", help="The keys that seal what people write.")


@key_commands.command("rotate")
def rotate() -> None:
    """Wrap everybody's key with DATA_KEY, after it has been changed and the old one put in DATA_KEYS_OLD."""
    count = rotation.rotate()
    audit.record(ROTATED, by=None, on="portal:keys", at=clock.now(), count=count)
    db.session.commit()
    click.echo(f"{count} keys wrapped anew; all are wrapped by {masters().present.id}.")


@key_commands.command("check")
def check() -> None:
    """Open every key, and compare the keys with the erasure ledger and the keyring file."""
    for master_id, count in sorted(rotation.wrapped_by().items()):
        click.echo(f"{count} keys wrapped by {master_id}")
    faults = list(rotation.faults())
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
    click.echo("Every key opens, and no destroyed one is kept anywhere.")
