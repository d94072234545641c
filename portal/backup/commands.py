"""flask backup and flask restore."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from portal import audit, clock
from portal.backup.bundle import BundleBroken
from portal.backup.dump import NotUpToDate
from portal.backup.loading import DumpBroken
from portal.backup.restoring import NoKeyring, NoLedger, NotEmpty, restore
from portal.backup.taking import NoPlace, back_up
from portal.backup.tidying import delete_older
from portal.doctor import examine
from portal.extensions import db
from portal.keys.keyring import KeyringBroken
from portal.keys.ledger import LedgerBroken
from portal.keys.masters import UnknownMasterKey

REFUSALS = (
    BundleBroken, DumpBroken, KeyringBroken, LedgerBroken, NoKeyring, NoLedger, NoPlace, NotEmpty, NotUpToDate,
    UnknownMasterKey,
)  # fmt: skip
BACKED_UP = audit.declare("backup taken", "rows")
RESTORED = audit.declare("backup restored", "rows", "erased", "withdrawn")
PORTAL = "portal:all"  # what the events are about


def take(path: Path, keep: int | None = None) -> None:
    """Take a backup and say what is in it; then delete those beside it that are more than `keep` days old."""
    now = clock.now()
    try:
        taken = back_up(path, now)
    except REFUSALS as refusal:
        raise click.ClickException(str(refusal)) from refusal
    audit.record(BACKED_UP, by=None, on=PORTAL, at=now, rows=taken.rows)
    db.session.commit()
    tables = len(taken.counts)
    click.echo(f"{path}: {taken.rows} rows of {tables} tables, {taken.size} bytes; restored once, and whole.")
    for rule in taken.broken:
        click.echo(f"BROKEN  {rule}", err=True)
    if taken.broken:
        raise SystemExit(1)  # the older ones may be needed yet
    if keep is not None:
        _tidy(path, keep, now)


def _tidy(path: Path, keep: int, now: datetime) -> None:
    tidied = delete_older(path.parent, timedelta(days=keep), now, but=path)
    for gone in tidied.deleted:
        click.echo(f"{gone}: deleted, more than {keep} days old.")
    for left in tidied.left:
        click.echo(
            f"{left}: left, for no key here opens it. Delete it yourself when it is too old.", err=True
        )


def put_back(path: Path, ledger_lost: bool) -> None:
    """Restore, and read the whole database as the doctor does."""
    now = clock.now()
    try:
        done = restore(path, now, ledger_lost)
    except REFUSALS as refusal:
        raise click.ClickException(str(refusal)) from refusal
    rows, erased = sum(done.counts.values()), len(done.erased)
    audit.record(RESTORED, by=None, on=PORTAL, at=now, rows=rows, erased=erased, withdrawn=done.withdrawn)
    db.session.commit()
    click.echo(f"{rows} rows and {done.keys} keys from {clock.oslo(done.taken_at):%Y-%m-%d %H:%M}.")
    click.echo(
        f"{erased} people erased again; every session ended; {done.withdrawn} mails withdrawn; "
        f"{done.lapsed} consents to be given anew."
    )
    broken = [finding for finding in examine(now) if not finding.holds]
    for finding in broken:
        click.echo(f"BROKEN  {finding.rule}: {finding.seen}", err=True)
    if broken:
        raise SystemExit(1)
