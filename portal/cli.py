"""The flask commands: what whoever runs the portal does from a terminal."""

import time
from pathlib import Path
from typing import TextIO

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError

from portal import audit, clock, jobs
from portal.access import Role
from portal.accounts import shutting
from portal.accounts.models import User
from portal.accounts.notices import tell, tell_secretariat
from portal.accounts.recoveries import recover
from portal.extensions import db
from portal.keys.commands import key_commands
from portal.notifications import Kind, outbox
from portal.privacy.terms import BACKUP_DAYS

users = AppGroup("users", help="People who can sign in.")
members = AppGroup("members", help="The members.")
audit_commands = AppGroup("audit", help="The record of what was done.")


@users.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([r.value for r in Role]), multiple=True, required=True)
@click.option("--name", help="Full name; the address's first part when left out.")
def create_user(email: str, role: tuple[str, ...], name: str | None) -> None:
    """Make and invite a user with EMAIL, or give one who exists another role."""
    if "@" not in email:
        raise click.ClickException(f"{email} is not an e-mail address")
    now = clock.now()
    user = db.session.scalar(User.by_email(email))
    is_new = user is None
    if user is None:
        user = User.create(email, name or email.split("@")[0], now)
        db.session.add(user)
        db.session.flush()
        outbox.send(Kind.INVITATION, user, now, path="/sign-in")
    given = [value for value in role if user.grant(Role(value), None, now)]
    if given and not is_new:
        tell(user, now)
    if Role.SECRETARIAT in given:  # nobody is let in unseen, from here either
        tell_secretariat(now, about=user)
    db.session.commit()
    click.echo(f"{user.email}: {', '.join(sorted(user.roles))}")
    if is_new:
        click.echo(f"Invited by mail; the way in is {current_app.config['BASE_URL']}/sign-in")
    else:
        click.echo(
            "Told by mail that the sign-in is changed." if given else "Had it before; nothing is changed."
        )


@users.command("recover")
@click.argument("email")
@click.confirmation_option(
    prompt="Have you made sure, by voice or face, who asks? Every second factor is taken away. Go on?"
)
def recover_user(email: str) -> None:
    """Let the user with EMAIL begin anew: the last resort, where no two people of the secretariat can do it."""
    user, now = _user_with(email), clock.now()
    recover(user, None, now, way="terminal")
    tell(user, now)
    tell_secretariat(now, about=user)
    db.session.commit()
    told = (
        "is shut out, and is invited anew when the account is opened (flask users open)"
        if user.deactivated_at
        else "is invited anew, and told that the sign-in is changed"
    )
    click.echo(f"{user.email} {told}. The audit has it.")


@users.command("shut")
@click.argument("email")
def shut_user(email: str) -> None:
    """Shut the user with EMAIL out at once: every browser is signed out, and nobody comes in as them."""
    user = _user_with(email)
    shutting.shut(user, None, clock.now())
    db.session.commit()
    click.echo(f"{user.email} is shut out. The audit has it.")


@users.command("open")
@click.argument("email")
def open_user(email: str) -> None:
    """Let the user with EMAIL in again, with the roles and factors they had."""
    user = _user_with(email)
    try:
        shutting.let_in(user, None, clock.now())
    except shutting.Erased as no:
        raise click.ClickException(f"{email} has been erased") from no
    db.session.commit()
    still = (
        "may be let in by two of the secretariat, having shut the account themselves"
        if user.locked_at
        else "can sign in"
    )
    click.echo(f"{user.email} {still}. The audit has it.")


def _user_with(email: str) -> User:
    user = db.session.scalar(User.by_email(email))
    if user is None:
        raise click.ClickException(f"nobody has the address {email}")
    return user


@audit_commands.command("verify")
@click.option("--copies", type=click.File(), help="Copies of the head, as a syslog kept them; - reads them.")
@click.option("--restores", default=0, show_default=True, help="How many backups you know to be put back.")
def verify_audit(copies: TextIO | None, restores: int) -> None:
    """Check that no event was changed, removed or moved, against the copies of the chain's head too."""
    try:
        kept = audit.heads.own() if copies is None else audit.heads.read(copies)
    except audit.heads.CannotRead as unread:
        kept, faults = None, [*audit.verify(), str(unread)]
    else:
        faults = [
            *audit.verify(),
            *(audit.verify_copies(kept, clock.now(), restores) if kept is not None else ()),
        ]
    for copy in kept or ():
        if copy.restored:
            click.echo(f"A backup that ends at event {copy.count} was put back: {copy.told}")
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
    click.echo("The audit chain is whole.")
    click.echo(_agreement(kept) if kept else "No copies of its head are kept.")


def _agreement(kept: list[audit.heads.Copy]) -> str:
    """Where the copies begin tells whether they are all there."""
    return f"{len(kept)} copies of its head agree, from event {kept[0].count} to event {kept[-1].count}."


@click.command("work")
@click.option("--once", is_flag=True, help="Do what is due now and stop, for cron.")
@click.option("--every", default=5.0, show_default=True, help="Seconds between rounds.")
def work(once: bool, every: float) -> None:
    """Send mails, remind, expire and tidy up: whatever is due."""
    while True:
        try:
            done = jobs.run_due(clock.now())
        except OperationalError as error:
            if once:
                raise click.ClickException(
                    f"The database is not ready: {type(error.orig).__name__}"
                ) from error
            done = {}
        finally:
            db.session.remove()
        if once:
            click.echo(", ".join(f"{name}: {count}" for name, count in done.items()))
            return
        time.sleep(every)


@click.command("reference")
def reference() -> None:
    """Load or refresh the municipalities, counties and challenge areas."""
    from portal.members import reference as data

    count = data.load_municipalities()
    data.load_challenge_areas()
    db.session.commit()
    click.echo(f"{count} municipalities and counties")


@click.command("demo")
def demo() -> None:
    """Fill an empty database with the demonstration world."""
    if not current_app.config["DEMO"] and not current_app.config["TESTING"]:
        raise click.ClickException("The demonstration is made only where VARDE_ENV=demo.")
    from portal.demo.world import build

    click.echo(build(clock.now()))


@click.command("doctor")
def doctor() -> None:
    """Read the whole database and verify every rule on its rows."""
    from portal.doctor import examine

    broken = False
    for finding in examine(clock.now()):
        click.echo(f"{'ok    ' if finding.holds else 'BROKEN'}  {finding.rule}: {finding.seen}")
        broken |= not finding.holds
    if broken:
        raise SystemExit(1)


@click.command("report")
@click.argument("quarter")
def report(quarter: str) -> None:
    """Print the steering group's frozen report of QUARTER (2026-3). It makes none."""
    from portal.steering.quarters import Quarter
    from portal.steering.text import lines, reading_of

    of = Quarter.read(quarter)
    if of is None:
        raise click.ClickException(f"{quarter} is not a quarter; write it like 2026-3")
    reading = reading_of(of)
    if reading is None:
        raise click.ClickException(f"There is no report for {of}")
    for line in lines(reading):
        click.echo(line)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help=f"Then delete our own backups in the same folder that are older. The privacy page promises {BACKUP_DAYS}.",
)
def backup(file: Path, keep: int | None) -> None:
    """Write the whole database into FILE, sealed, and restore it once to see that it can be."""
    from portal.backup.commands import take

    take(file, keep)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--ledger-lost", is_flag=True, help="Do without a whole erasure ledger: go by the keyring, too."
)
def restore(file: Path, ledger_lost: bool) -> None:
    """Put the backup in FILE into an empty database, and erase again whoever has been erased since."""
    from portal.backup.commands import put_back

    put_back(file, ledger_lost)


@members.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def import_members(file: Path, dry_run: bool) -> None:
    """Import members from an XLSX or CSV FILE. Nothing is imported while a row is wrong."""
    from portal.members.importing import import_file

    report = import_file(file.name, file.read_bytes(), by=None, now=clock.now(), dry_run=dry_run)
    for line in report.lines():
        click.echo(line)
    if not report.is_clean:
        raise SystemExit(1)
    db.session.commit()


def register(app: Flask) -> None:
    from portal.privacy.commands import commands as privacy

    for command in (
        users,
        members,
        audit_commands,
        key_commands,
        work,
        reference,
        demo,
        doctor,
        report,
        backup,
        privacy,
        restore,
    ):
        app.cli.add_command(command)
