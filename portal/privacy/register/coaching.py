"""Seats, conversations, and the coaches' hours."""

from portal.privacy.register.lines import (
    DESTROYED,
    OF_MEMBER,
    OWN,
    Use,
    Whom,
    kept,
    lines,
    personal,
    replaced,
    technical,
)

COUNTS = kept("teller i bruk og kostnad; står bare på et nummer")
MONEY = kept("regnskapsmateriale, bokføringsloven § 13; står bare på et nummer")
MEMBER = Whom("member", "enrolment_id>enrolment.member_id>member.user_id", "Som deltaker")
COACH = Whom("coach", "slot_id>slot.coach_id>coach.user_id", "Som veileder")
OF_COACH = Whom("own", "coach_id>coach.user_id")
BOTH = ("member", "coach")
ONLY = ("member",)

TABLES = (
    lines(
        "enrolment", "Plassen din i prøveperioden", Use.COACHING, "accounts", OF_MEMBER,
        technical("id member_id", "nøkler"),
        personal("programme_id", "Ordning", COUNTS, shown="programme_id>programme.name"),
        personal("applied_at", "Søkt", COUNTS),
        personal("seat_number", "Plass nummer", COUNTS),
        personal("seated_at", "Fått plass", COUNTS),
        personal("withdrawn_at", "Trukket", COUNTS),
        technical("seated_by_id", "hvem som ga plassen, med nummer"),
    ),
    lines(
        "clip", "Klippene dine", Use.COACHING, "accounts",
        Whom("own", "enrolment_id>enrolment.member_id>member.user_id"),
        technical("enrolment_id", "nøkkel"),
        personal("number", "Klipp nummer", COUNTS),
    ),
    lines(
        "booking", "Samtaler med veileder", Use.COACHING, "accounts", (MEMBER, COACH),
        technical("id enrolment_id moved_to_id", "nøkler"),
        personal("slot_id", "Tidspunkt", COUNTS, about=BOTH, shown="slot_id>slot.starts_at"),
        personal("mode", "Form", COUNTS, about=BOTH),
        personal("clip_number", "Klipp nummer", MONEY, about=ONLY),
        personal("clip_returned_at", "Klippet gitt tilbake", MONEY, about=ONLY),
        personal("payer", "Hvem som betaler", MONEY, about=ONLY),
        personal("price", "Pris", MONEY, about=ONLY),
        personal("theme", "Det du ville ta opp", DESTROYED, about=ONLY, sensitive=True, term="themes", use=Use.OWN_WORDS),
        personal("booked_at", "Bestilt", COUNTS, about=ONLY),
        personal("cancelled_at", "Avlyst", COUNTS, about=BOTH),
        personal("held_at", "Gjennomført", COUNTS, about=BOTH),
        personal("no_show_at", "Ikke møtt", COUNTS, about=ONLY),
        technical("booked_by_id cancelled_by_id confirmed_by_id", "hvem som gjorde det, med nummer"),
    ),
    lines(
        "coach", "Deg som veileder", Use.WORK, "membership", OWN,
        technical("id user_id", "nøkler"),
        personal("headline", "Presentasjon i én linje", replaced("tomt", "")),
        personal("bio", "Presentasjon", replaced("tomt", "")),
        personal("place", "Sted", replaced("tomt", "")),
        personal("meeting_link", "Lenke til videomøte", replaced("tomt", "")),
    ),
    lines(
        "availability", "Tider du pleier å være ledig", Use.WORK, "membership", OF_COACH,
        technical("id coach_id", "nøkler"),
        personal("weekday", "Ukedag (0 er mandag)"),
        personal("starts", "Fra klokken"),
        personal("ends", "Til klokken"),
        personal("from_date", "Fra dato"),
        personal("until_date", "Til dato"),
        personal("mode", "Form"),
        personal("place", "Sted"),
    ),
    lines(
        "slot", "Timer du har lagt ut", Use.WORK, "accounts", OF_COACH,
        technical("id coach_id availability_id", "nøkler"),
        personal("starts_at", "Fra", COUNTS),
        personal("ends_at", "Til", COUNTS),
        personal("mode", "Form", COUNTS),
        personal("place", "Sted", replaced("tomt", "")),
        personal("withdrawn_at", "Tatt tilbake", COUNTS),
    ),
    lines(
        "slot_cell", "Kvarterene i timene", Use.WORK, "accounts", OF_COACH,
        technical("coach_id slot_id", "nøkler"),
        personal("starts_at", "Kvarter", COUNTS, withheld="er timen en gang til, delt i kvarter"),
    ),
)  # fmt: skip
