"""Answers to proposals: who is asked when, who learns what, and what the database never lets happen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from time import sleep

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import asking, lapsing, mentorships, profiles, proposal_answers, proposal_refusals
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.mentorships import begin
from portal.mentoring.pool import pool
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.round_release import close_round
from portal.notifications import Kind, OutboxMessage
from tests.mentoring.pairing import NOW, new_mentee, new_mentor, new_round, pair, propose
from tests.support.people import new_member
from tests.support.promises import Promise
from tests.support.racing import race


@pytest.fixture
def mentee(bjorn: Member) -> MenteeProfile:
    return new_mentee(bjorn)


@pytest.fixture
def mentors(astrid: Member) -> list[MentorProfile]:
    """Astrid first, then two others."""
    gunn, harald = new_member("Gunn Lie", "Steinkjer"), new_member("Harald Vik", "Alta")
    return [new_mentor(member) for member in (astrid, gunn, harald)]


def mails(kind: Kind) -> list[OutboxMessage]:
    rows = select(OutboxMessage).where(OutboxMessage.kind == kind, OutboxMessage.withdrawn_at.is_(None))
    return list(db.session.scalars(rows.order_by(OutboxMessage.id)))


def test_the_mentees_yes_asks_the_mentor_and_sends_a_mail_that_says_nothing(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, *_ = propose(mentee, *mentors)
    assert proposal_answers.accept(first, mentee.member.user, NOW) is None
    assert first.awaits_mentor
    assert first.mentor_answer_by is not None
    assert clock.today(first.mentor_answer_by) == clock.today(NOW) + timedelta(days=7)
    (mail,) = mails(Kind.MENTOR_REQUEST_WAITING)
    assert (mail.address, mail.path) == (mentors[0].member.user.email, "/mentor/")


def test_only_one_mentor_is_asked_at_a_time_in_the_mentees_order(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, third = propose(mentee, *mentors)
    for proposal in (third, second, first):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    assert [p.awaits_mentor for p in (first, second, third)] == [False, False, True]
    proposal_answers.decline(third, mentors[2].member.user, NOW)
    assert [p.awaits_mentor for p in (first, second, third)] == [True, False, False]


def test_a_mentors_no_is_silent_and_the_next_is_asked(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, _ = propose(mentee, *mentors)
    proposal_answers.accept(first, mentee.member.user, NOW)
    proposal_answers.accept(second, mentee.member.user, NOW)
    proposal_answers.decline(first, mentors[0].member.user, NOW)
    assert second.awaits_mentor
    assert {m.address for m in db.session.scalars(select(OutboxMessage))} == {
        mentors[0].member.user.email,
        mentors[1].member.user.email,
    }


def test_both_yeses_make_a_pair_take_a_place_and_let_the_others_lapse(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, third = propose(mentee, *mentors)
    proposal_answers.accept(first, mentee.member.user, NOW)
    proposal_answers.accept(second, mentee.member.user, NOW)
    made = proposal_answers.accept(first, mentors[0].member.user, NOW)
    assert made is not None
    assert (made.mentee, made.mentor, made.place) == (mentee, mentors[0], 1)
    assert second.lapsed_at == third.lapsed_at == NOW
    assert mentee.seeking_since is None
    assert {m.address for m in mails(Kind.PAIRED)} == {
        mentee.member.user.email,
        mentors[0].member.user.email,
    }
    assert {m.path for m in mails(Kind.PAIRED)} == {f"/mentoring/mentorships/{made.id}"}


def test_a_double_click_changes_nothing(mentee: MenteeProfile, mentors: list[MentorProfile]) -> None:
    first, *_ = propose(mentee, *mentors)
    for _ in range(2):
        proposal_answers.accept(first, mentee.member.user, NOW)
    made = [proposal_answers.accept(first, mentors[0].member.user, NOW) for _ in range(2)]
    assert made[0] is made[1]
    assert len(mails(Kind.MENTOR_REQUEST_WAITING)) == 1
    assert len(mails(Kind.PAIRED)) == 2


def test_a_mentor_cannot_answer_before_the_mentee(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, *_ = propose(mentee, *mentors)
    for answer in (proposal_answers.accept, proposal_answers.decline):
        with pytest.raises(proposal_refusals.NotYourTurn):
            answer(first, mentors[0].member.user, NOW)


def test_a_stranger_cannot_answer(
    mentee: MenteeProfile, mentors: list[MentorProfile], daniel: Member
) -> None:
    first, *_ = propose(mentee, *mentors)
    with pytest.raises(proposal_refusals.NotYourTurn):
        proposal_answers.accept(first, daniel.user, NOW)


def test_nothing_is_answered_before_the_release(mentee: MenteeProfile, mentors: list[MentorProfile]) -> None:
    first, *_ = propose(mentee, *mentors, within=new_round(released=False))
    with pytest.raises(proposal_refusals.NotYourTurn):
        proposal_answers.accept(first, mentee.member.user, NOW)


def test_after_the_deadline_it_is_too_late(mentee: MenteeProfile, mentors: list[MentorProfile]) -> None:
    first, *_ = propose(mentee, *mentors)
    with pytest.raises(proposal_refusals.ProposalClosed):
        proposal_answers.accept(first, mentee.member.user, NOW + timedelta(days=11))


@pytest.mark.parametrize("how", ["paused", "full"])
def test_a_mentor_who_is_paused_or_full_is_skipped(
    mentee: MenteeProfile, mentors: list[MentorProfile], how: str, daniel: Member
) -> None:
    first, second, _ = propose(mentee, *mentors)
    if how == "paused":
        profiles.pause(mentors[0], mentors[0].member.user, NOW)
    else:
        pair(new_mentee(daniel), mentors[0])
    proposal_answers.accept(first, mentee.member.user, NOW)
    assert not first.awaits_mentor
    proposal_answers.accept(second, mentee.member.user, NOW)
    assert second.awaits_mentor


def test_a_mentor_who_comes_back_is_asked_by_the_worker(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, *_ = propose(mentee, *mentors)
    profiles.pause(mentors[0], mentors[0].member.user, NOW)
    proposal_answers.accept(first, mentee.member.user, NOW)
    assert lapsing.expire(NOW) == 0
    profiles.resume(mentors[0], mentors[0].member.user, NOW)
    assert lapsing.expire(NOW) == 1
    assert first.awaits_mentor


def test_a_mentor_is_not_asked_by_more_than_there_is_room_for(
    mentee: MenteeProfile, mentors: list[MentorProfile], daniel: Member
) -> None:
    other = new_mentee(daniel)
    (mine,), (theirs,) = propose(mentee, mentors[0]), propose(other, mentors[0])
    proposal_answers.accept(mine, mentee.member.user, NOW)
    proposal_answers.accept(theirs, daniel.user, NOW)
    assert (mine.awaits_mentor, theirs.awaits_mentor) == (True, False)


def test_silence_lapses_and_the_next_is_asked(mentee: MenteeProfile, mentors: list[MentorProfile]) -> None:
    first, second, third = propose(mentee, *mentors)
    proposal_answers.accept(first, mentee.member.user, NOW)
    proposal_answers.accept(second, mentee.member.user, NOW)
    later = NOW + timedelta(days=8)
    assert lapsing.expire(later) == 2
    assert first.lapsed_at == later
    assert second.awaits_mentor
    assert third.lapsed_at is None
    assert lapsing.expire(later) == 0
    lapsing.expire(NOW + timedelta(days=11))
    assert third.lapsed_at is not None, "the mentee's own deadline"


def test_the_worker_before_any_deadline_does_nothing(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    propose(mentee, *mentors)
    assert lapsing.expire(NOW + timedelta(days=9)) == 0


def test_asking_for_others_declines_what_waits_and_is_remembered(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    made = propose(mentee, *mentors)
    proposal_answers.ask_for_others(mentee, mentee.member.user, NOW)
    assert all(p.mentee_declined_at == NOW for p in made)
    assert mentee.others_wanted_at == NOW
    assert not mails(Kind.MENTOR_REQUEST_WAITING)


def test_others_cannot_be_asked_for_while_a_mentor_is_asked(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, _ = propose(mentee, *mentors)
    proposal_answers.accept(first, mentee.member.user, NOW)
    with pytest.raises(proposal_refusals.MentorIsAsked):
        proposal_answers.ask_for_others(mentee, mentee.member.user, NOW)
    assert second.mentee_declined_at is None


def test_taking_a_yes_back_withdraws_the_mail(mentee: MenteeProfile, mentors: list[MentorProfile]) -> None:
    first, *_ = propose(mentee, *mentors)
    proposal_answers.accept(first, mentee.member.user, NOW)
    proposal_answers.decline(first, mentee.member.user, NOW)
    assert not mails(Kind.MENTOR_REQUEST_WAITING)
    with pytest.raises(proposal_refusals.ProposalClosed):
        proposal_answers.accept(first, mentors[0].member.user, NOW)


def test_the_order_can_be_changed_and_stops_at_the_ends(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, third = propose(mentee, *mentors)
    asking.rank_up(third, mentee.member.user)
    asking.rank_up(third, mentee.member.user)
    asking.rank_up(third, mentee.member.user)
    asking.rank_down(second, mentee.member.user)
    assert sorted([first, second, third], key=lambda p: p.rank) == [third, first, second]


def test_a_declined_pair_cannot_be_proposed_again_but_a_lapsed_one_can(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second, _ = propose(mentee, *mentors)
    proposal_answers.decline(first, mentee.member.user, NOW)
    lapsing.lapse_unanswered(second.round, NOW)
    db.session.flush()
    propose(mentee, mentors[1])
    with pytest.raises(IntegrityError), db.session.begin_nested():
        propose(mentee, mentors[0])


def test_the_pool_leaves_out_whom_a_mentee_declined(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    propose(mentee, *mentors)
    proposal_answers.ask_for_others(mentee, mentee.member.user, NOW)
    drawn = pool(NOW)
    assert [m.id for m in drawn.mentees] == [str(mentee.member_id)]
    assert {link.mentor for link in drawn.forbidden} == {str(m.member_id) for m in mentors}


def accept_as_mentor(proposal_id: int) -> None:
    proposal = db.session.get_one(Proposal, proposal_id)
    proposal_answers.accept(proposal, proposal.mentor.member.user, NOW)
    db.session.commit()


def _asked(mentee: MenteeProfile, mentor: MentorProfile) -> Proposal:
    """A request that waits for the mentor, however many others do."""
    (proposal,) = propose(mentee, mentor)
    proposal.mentee_accepted_at = proposal.mentor_asked_at = NOW
    proposal.mentor_answer_by = NOW + timedelta(days=7)
    return proposal


@pytest.mark.promise("En mentor får aldri flere mentees enn det er plass til", small=8, full=60)
def test_many_at_once_for_the_last_place_and_one_gets_it(
    app: Flask, database_url: str, astrid: Member, promise: Promise
) -> None:
    size = promise.size
    mentor = new_mentor(astrid)
    asked = [_asked(new_mentee(new_member(f"Mentee {n}", "Alta")), mentor) for n in range(size)]
    db.session.flush()
    seen = race(database_url, accept_as_mentor, [p.id for p in asked])
    assert seen == {"done": 1, "MentorIsFull": size - 1}
    assert db.session.scalar(select(func.count()).select_from(Mentorship)) == 1
    promise.saw(f"{size} samtidige ja om én plass, 1 mentorpar")


@pytest.mark.promise("En mentee får aldri to mentorer", small=8, full=60)
def test_many_mentors_say_yes_to_one_mentee_at_once_and_one_becomes_the_mentor(
    app: Flask, database_url: str, bjorn: Member, promise: Promise
) -> None:
    size = promise.size
    mentee = new_mentee(bjorn)
    asked = [_asked(mentee, new_mentor(new_member(f"Mentor {n}", "Alta"))) for n in range(size)]
    db.session.flush()
    seen = race(database_url, accept_as_mentor, [p.id for p in asked])
    assert seen == {"done": 1, "ProposalClosed": size - 1}
    assert db.session.scalar(select(func.count()).select_from(Mentorship)) == 1
    promise.saw(f"{size} samtidige ja til én mentee, 1 mentorpar")


def accept_as_mentee(proposal_id: int) -> None:
    proposal = db.session.get_one(Proposal, proposal_id)
    proposal_answers.accept(proposal, proposal.mentee.member.user, NOW)
    db.session.commit()


def test_many_mentees_say_yes_at_once_and_the_mentor_is_asked_for_no_more_than_there_is_room_for(
    app: Flask, database_url: str, astrid: Member
) -> None:
    mentor = new_mentor(astrid)
    given = [propose(new_mentee(new_member(f"Mentee {n}", "Alta")), mentor)[0] for n in range(8)]
    assert race(database_url, accept_as_mentee, [p.id for p in given]) == {"done": 8}
    db.session.expire_all()
    assert sum(p.awaits_mentor for p in given) == 1
    assert len(mails(Kind.MENTOR_REQUEST_WAITING)) == 1


def test_mentees_with_the_same_mentors_in_every_order_never_wait_for_one_another(
    app: Flask, database_url: str, mentors: list[MentorProfile]
) -> None:
    given = []
    for number, order in enumerate(permutations(mentors)):
        first, *rest = propose(new_mentee(new_member(f"Mentee {number}", "Alta")), *order)
        for proposal in rest:
            proposal.mentee_accepted_at = NOW
        given.append(first)
    assert race(database_url, accept_or_see_to, [0, *(p.id for p in given), 0]) == {"done": 8}
    db.session.expire_all()
    asked = select(Proposal.mentor_id).where(Proposal.mentor_asked_at.is_not(None))
    assert sorted(db.session.scalars(asked)) == sorted(mentor.id for mentor in mentors)


def accept_or_see_to(proposal_id: int) -> None:
    """The mentee's yes; 0 is the worker."""
    if proposal_id:
        accept_as_mentee(proposal_id)
    else:
        lapsing.expire(NOW)
        db.session.commit()


def test_a_yes_in_the_moment_the_round_is_closed_comes_too_late(
    app: Flask, mentee: MenteeProfile, mentors: list[MentorProfile], eva: User
) -> None:
    first, *_ = propose(mentee, *mentors)
    db.session.commit()
    with ThreadPoolExecutor(1) as elsewhere:
        close_round(first.round, eva, NOW)
        db.session.flush()
        answer = elsewhere.submit(_yes_elsewhere, app, first.id)
        sleep(0.5)
        db.session.commit()
        with pytest.raises(proposal_refusals.ProposalClosed):
            answer.result(30)
    db.session.expire_all()
    assert first.mentee_accepted_at is None
    assert not mails(Kind.MENTOR_REQUEST_WAITING)


def _yes_elsewhere(app: Flask, proposal_id: int) -> None:
    with app.app_context():
        accept_as_mentee(proposal_id)


def test_the_database_itself_refuses_a_second_mentor(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    pair(mentee, mentors[0])
    (second,) = propose(mentee, mentors[1])
    with pytest.raises(mentorships.AlreadyPaired):
        begin(second, mentors[1].member.user, NOW)
