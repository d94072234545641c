"""The copy holds everything the register lets a person have, and nothing of anybody else."""

from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import proposal_answers
from portal.privacy.export import as_json, as_pdf, gather
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import new_mentee, new_mentor, propose
from tests.privacy.lives import SECRET, Life
from tests.privacy.reading_pdf import words_of


def test_the_mentor_is_nobody_in_the_copy_until_both_have_said_yes(
    bjorn: Member, astrid: Member, daniel: Member
) -> None:
    mentee = new_mentee(bjorn)
    first, second = propose(mentee, new_mentor(astrid), new_mentor(daniel))
    proposal_answers.accept(first, bjorn.user, NOW)
    proposal_answers.accept(second, bjorn.user, NOW)
    proposal_answers.decline(first, astrid.user, NOW)
    copy = gather(bjorn.user, NOW)
    for text in (as_json(copy), words_of(as_pdf(copy))):
        for theirs in ("Astrid", "Daniel", "Lillehammer", "Steinkjer", "7100", "7 100", "mentor_declined_at"):
            assert theirs not in text
        assert "Omtrent samme størrelse som der du leder" in text


def test_a_mentor_has_no_trace_of_proposals_that_did_not_reach_them(
    bjorn: Member, astrid: Member, daniel: Member
) -> None:
    asked, waiting = propose(new_mentee(bjorn), new_mentor(astrid), new_mentor(daniel))
    proposal_answers.accept(asked, bjorn.user, NOW)
    proposal_answers.accept(waiting, bjorn.user, NOW)
    tables = {section.table for section in gather(astrid.user, NOW).sections}
    assert "proposal" in tables
    copy = gather(daniel.user, NOW)
    assert "proposal" not in {section.table for section in copy.sections}
    assert "Bjørn" not in as_json(copy)


def test_a_no_about_the_person_is_not_in_their_copy_and_their_own_is(life: Life) -> None:
    """Bjørn has said no to Daniel, and Daniel to Bjørn; each sees the own one and nothing of the other."""
    for person, other in ((life.bjorn, life.daniel), (life.daniel, life.bjorn)):
        copy = gather(person.user, NOW)
        noes = [section for section in copy.sections if section.table == "reservation"]
        assert [len(section.rows) for section in noes] == [1]
        assert other.name in as_json(copy)
    copy = gather(life.astrid.user, NOW)
    assert "reservation" not in {section.table for section in copy.sections}


def test_a_theme_is_the_members_and_not_the_coachs(life: Life) -> None:
    assert SECRET in as_json(gather(life.bjorn.user, NOW))
    theirs = as_json(gather(life.cecilie.user, NOW))
    assert "booking" in theirs
    assert SECRET not in theirs
    assert "Haugland" not in theirs


def test_what_people_write_is_never_markup(life: Life) -> None:
    life.bjorn.user.rename('#panic("x") *fet* @kilde $x^2$ <script>')
    db.session.flush()
    copy = gather(life.bjorn.user, NOW)
    assert '#panic("x") *fet* @kilde $x^2$ <script>' in words_of(as_pdf(copy))


def test_no_secret_of_the_way_in_is_handed_out(life: Life) -> None:
    text = as_json(gather(life.bjorn.user, NOW))
    assert life.session.token_hash not in text
    assert "a" * 64 not in text
    assert "b" * 64 not in text
