"""The secretariat's page of the pairs that go on."""

from flask import Response, request, url_for
from sqlalchemy import func, select

from portal import audit, clock, export
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.accounts.recent import export_after_proof
from portal.extensions import db
from portal.language import gettext as _
from portal.mentoring import pair_list
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.round_views import rounds
from portal.paging import page_of
from portal.rendering import render

PER_PAGE = 50


@rounds.get("/secretariat/mentorships")
@allow(Role.SECRETARIAT)
def pairs() -> Response:
    """Who is a pair with whom, since when, and when they last met."""
    silent = pair_list.silent_pairs(current_user, clock.now())
    pages = page_of(pair_list.with_people(_wanted()), PER_PAGE)
    audit.has_read(pair_list.people_in(pages.items), current_user, "pairs")
    return render(
        "rounds/pairs.html",
        block="found",
        pages=pages,
        count=_count(pair_list.live_pairs(current_user)),
        silent=set(db.session.scalars(silent.with_only_columns(Mentorship.id))),
        own=pair_list.how_many_own(current_user),
        only_silent=_only_silent(),
        last_met=pair_list.last_met,
        file_urls={
            kind: url_for("rounds.pairs_table", kind=kind, show=request.args.get("show"))
            for kind in export.KINDS
        },
    )


def _only_silent() -> bool:
    return request.args.get("show") == "silent"


def _wanted() -> pair_list.Pairs:
    if _only_silent():
        return pair_list.silent_pairs(current_user, clock.now())
    return pair_list.live_pairs(current_user)


def _count(rows: pair_list.Pairs) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0


@rounds.get("/secretariat/mentorships/tables/<any(csv,xlsx):kind>")
@allow(Role.SECRETARIAT)
@export_after_proof
def pairs_table(kind: str) -> Response:
    found = db.session.scalars(pair_list.with_people(_wanted())).all()
    audit.has_taken_out("pairs", kind, pair_list.people_in(found), current_user)
    return export.table(_("mentorpar"), kind, pair_list.heads(), pair_list.lines(found))
