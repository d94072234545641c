"""The programme's money for the secretariat: every figure with its lines, prices and the frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock, export
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.accounts.recent import export_after_proof
from portal.coaching.current import current_programme
from portal.coaching.models import Payer, Programme, Rate, RateKind
from portal.coaching.tally import Outcome
from portal.costs import burn_up
from portal.costs.figures import Figures, Line, figures
from portal.costs.forms import KINDS, BudgetForm, RateForm
from portal.costs.rates import add_rate, change_budget
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.rendering import after_write, flash, money, number, render

costs = Blueprint("costs", __name__)


@dataclass(frozen=True)
class Post:
    """A row of the table that sums to the frame; `state` is how its part of the bar is drawn."""

    state: str
    word: str
    url: str | None
    how: str
    amount: Decimal


@costs.get("/secretariat/costs")
@allow(Role.SECRETARIAT)
def overview() -> Response:
    now = clock.now()
    programme = current_programme(now)
    found = figures(programme, now)
    course = burn_up.course(programme, burn_up.payments(programme, now), found.budget, found.people, now)
    with_vat = request.args.get("vat") == "1"
    return render(
        "costs/overview.html",
        programme=programme,
        now=now,
        figures_now=found,
        posts=_posts(found),
        groups=_groups(found),
        wide=burn_up.draw(course, 620, 300),
        narrow=burn_up.draw(course, 340, 270, every=3),
        with_vat=with_vat,
        holds=found.budget.in_all(with_vat),
        holds_otherwise=found.budget.in_all(not with_vat),
        lines_url=_lines_url,
        Outcome=Outcome,
        Payer=Payer,
        rates=[(word, _valid(programme, kind, now)) for kind, word in KINDS],
    )


def _lines_url(**kept: Any) -> str:
    """The conversations behind a figure."""
    wanted = {"payer": Payer.KDF.value, **kept}
    return url_for("enrolments.sessions", _anchor="found", **wanted)


def _posts(found: Figures) -> list[Post]:
    rows = [
        ("happened", _("Samtaler holdt"), Outcome.HELD),
        ("lost", _("Ikke møtt"), Outcome.NO_SHOW),
        ("lost", _("Avlyst for sent"), Outcome.LATE),
        ("promised", _("Samtaler bestilt"), Outcome.BOOKED),
        ("promised", _("Venter på bekreftelse"), Outcome.UNCONFIRMED),
    ]
    posts = [
        Post(state, word, _lines_url(outcome=o.value), times(found.lines[o]), found.lines[o].amount)
        for state, word, o in rows
        if found.lines[o].sessions or o in (Outcome.HELD, Outcome.BOOKED)
    ]
    word = _("Igjen") if found.free >= 0 else _("Over rammen")
    return [*posts, Post("free" if found.free >= 0 else "lost", word, None, _left(found), found.free)]


def times(line: Line) -> str:
    """31 × 2 300 kr"""
    return " + ".join(f"{number(count)} × {money(price)}" for price, count in line.prices) or "–"


def _left(found: Figures) -> str:
    price, left = found.budget.price, found.sessions_left
    if price is None or found.free < 0:
        return ""
    words = f"{number(left)} × {money(price)}"
    over = found.budget.remainder
    return _("%(words)s, og %(over)s til overs", words=words, over=money(over)) if over else words


def _groups(found: Figures) -> list[tuple[str, Decimal, float]]:
    """Words, sums and places (percent) of the brackets above the bar, far enough apart to be read."""
    groups = [
        (_("Påløpt"), found.incurred),
        (_("Bestilt"), found.committed),
        (_("Igjen"), max(found.free, Decimal(0))),
    ]
    whole = sum((amount for _word, amount in groups), Decimal(0)) or Decimal(1)
    placed: list[tuple[str, Decimal, float]] = []
    at = Decimal(0)
    for index, (word, amount) in enumerate(groups):
        earliest = placed[-1][2] + 19 if placed else 0.0
        latest = 100.0 - 19 * (len(groups) - index)
        placed.append((word, amount, round(min(max(float(at / whole * 100), earliest), latest), 2)))
        at += amount
    return placed


def _valid(programme: Programme, kind: RateKind, now: datetime) -> Rate | None:
    today = clock.today(now)
    valid = [r for r in programme.rates if r.kind is kind and r.valid_from <= today]
    return max(valid, key=lambda r: r.valid_from, default=None)


@costs.get("/secretariat/costs.xlsx")
@allow(Role.SECRETARIAT)
@export_after_proof
def xlsx_file() -> Response:
    audit.has_taken_out("costs", "xlsx", (), current_user)
    return export.table("okonomi", "xlsx", _HEADS, _month_rows())


@costs.get("/secretariat/costs.csv")
@allow(Role.SECRETARIAT)
@export_after_proof
def csv_file() -> Response:
    audit.has_taken_out("costs", "csv", (), current_user)
    return export.table("okonomi", "csv", _HEADS, _month_rows())


_HEADS = (
    _l("Måned"), _l("Holdt"), _l("Ikke møtt"), _l("Avlyst for sent"), _l("Påløpt"), _l("Bestilt"), _l("Igjen"),
)  # fmt: skip


def _month_rows() -> Iterator[list[export.Cell]]:
    now = clock.now()
    found = figures(current_programme(now), now)
    for m in found.months:
        yield [m.first, m.held.sessions, m.no_show.sessions, m.late.sessions, m.amount, None, None]
    lines = [found.lines[o].sessions for o in (Outcome.HELD, Outcome.NO_SHOW, Outcome.LATE)]
    yield [_("I alt"), *lines, found.incurred, found.committed, found.free]


@costs.get("/secretariat/costs/rates")
@allow(Role.SECRETARIAT)
def rates() -> Response:
    return _rates_page(RateForm(), _budget_form())


def _budget_form() -> BudgetForm:
    budget = current_programme(clock.now()).budget
    return BudgetForm(formdata=None, data={"budget": budget if budget % 1 else Decimal(int(budget))})


@costs.post("/secretariat/costs/rates")
@allow(Role.SECRETARIAT)
def new_rate() -> Response | BaseResponse:
    form, now = RateForm(), clock.now()
    if form.validate() and form.valid_from.data is not None:
        try:
            kind = RateKind(form.kind.data)
            add_rate(current_programme(now), kind, form.sum, form.valid_from.data, current_user, now)
            db.session.commit()
            flash(_("Prisen er lagret. Det som alt er bestilt, koster det samme som før."))
            return after_write(url_for("costs.rates"))
        except DomainError as error:
            db.session.rollback()
            form.refuse("amount" if type(error).__name__ == "OddAmount" else "valid_from", error)
    return _rates_page(form, _budget_form(), 422)


@costs.post("/secretariat/costs/budget")
@allow(Role.SECRETARIAT)
def new_budget() -> Response | BaseResponse:
    form, now = BudgetForm(), clock.now()
    if form.validate() and form.budget.data is not None:
        try:
            change_budget(current_programme(now), form.budget.data, current_user, now)
            db.session.commit()
            flash(_("Rammen er lagret."))
            return after_write(url_for("costs.overview"))
        except DomainError as error:
            db.session.rollback()
            form.refuse("budget", error)
    return _rates_page(RateForm(formdata=None), form, 422)


def _rates_page(form: RateForm, budget_form: BudgetForm, status: int = 200) -> Response:
    now = clock.now()
    programme = current_programme(now)
    return render(
        "costs/rates.html",
        status=status,
        programme=programme,
        form=form,
        budget_form=budget_form,
        history=sorted(programme.rates, key=lambda r: (r.valid_from, r.kind), reverse=True),
        words=dict(KINDS),
        today=clock.today(now),
    )
