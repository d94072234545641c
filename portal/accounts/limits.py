"""How often somebody may try to come in, have a mail sent or take a copy: per visitor, per account, and all together.

The account is what was written in the form, whether or not anybody has it: so the limit tells nobody who is registered.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import request

from portal.accounts.current import current_session
from portal.accounts.models import digest, fold_email
from portal.extensions import limiter
from portal.visitors import network

View = TypeVar("View", bound=Callable[..., Any])

# A whole conference comes from one address; what can be guessed at all, a code of six figures, is limited by person.
WAYS_IN = ("120/minute;1200/hour", "10/10 minutes;60/day", "600/minute")
MAILS = ("30/minute;200/hour", "20/15 minutes;100/day", "120/minute;3000/hour")
# Of an account's mails only so many are for one network to ask for: it takes five to keep somebody from their links.
# What is refused is not counted against the account.
MAILS_BY_NETWORK = "5/15 minutes;20/day"
BY_PERSON = ("300/minute;3000/hour", "30/10 minutes;300/day", "600/minute")
COPIES = ("60/hour", "10/hour", "600/hour")
# Whoever is signed in writes to an address of their own, seldom: nobody mails strangers in the portal's name.
ADDRESSES_BY_PERSON = "10/hour;20/day"


def _written_address() -> str:
    return "address:" + digest(fold_email(request.form.get("email", "")[:320]))


def _written_address_from_here() -> str:
    return f"{_written_address()} from {network()}"


def _person() -> str:
    here = current_session()
    return f"person:{here.user_id}" if here is not None else ""


def _is_nobody() -> bool:
    return current_session() is None


def _everybody() -> str:
    return "everybody"


def _limited(
    scope: str,
    limits: tuple[str, str, str],
    account: Callable[[], str],
    without_account: Callable[[], bool] | None = None,
) -> Callable[[View], View]:
    per_address, per_account, overall = limits

    def mark(view: View) -> View:
        limited = limiter.shared_limit(per_address, scope=f"{scope} per address")(view)
        limited = limiter.shared_limit(
            per_account, scope=f"{scope} per account", key_func=account, exempt_when=without_account
        )(limited)
        limited = limiter.shared_limit(overall, scope=f"{scope} overall", key_func=_everybody)(limited)
        return cast(View, limited)

    return mark


def way_in(view: View) -> View:
    """For what is answered with a link, a key or a code."""
    return _limited("way in", WAYS_IN, _person, _is_nobody)(view)


def mail_to_written_address(view: View) -> View:
    """For a form that mails to the address written in it."""
    by_network = limiter.shared_limit(
        MAILS_BY_NETWORK, scope="mail to address per network", key_func=_written_address_from_here
    )
    by_person = limiter.shared_limit(
        ADDRESSES_BY_PERSON, scope="mail to address per person", key_func=_person, exempt_when=_is_nobody
    )
    # The narrow ones first: what they refuse is not counted by the wider.
    return cast(View, _limited("mail to address", MAILS, _written_address)(by_person(by_network(view))))


def mail_by_person(view: View) -> View:
    """For a button that makes the portal mail somebody."""
    return _limited("mail by person", BY_PERSON, _person)(view)


def copy_by_person(view: View) -> View:
    """For a file of everything about whoever asks, which takes long to make."""
    return _limited("copy by person", COPIES, _person)(view)
