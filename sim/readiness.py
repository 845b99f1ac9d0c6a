"""How ready a place is to carry out a programme, as a questionnaire, and what that is taken to mean for its effect.

Eight domains are scored 0 to 5 (those of the AQuA readiness tool as told by Aldridge 2016), each with a checklist of
what helps or stands in the way (items drawn together from Kozlowska 2018 and Aldridge 2016, in our own words), and five
mechanisms that general practice pilots needed all of (Campbell 2004). Nobody has published how a score turns into an
effect: the three numbers that do it here are assumptions with wide ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sim.interventions import Intervention
from sim.quantities import Described, Number, Quantity

Score = Annotated[int, Field(ge=0, le=5)]
Answer = bool | None


class Domain(Described):
    """One of the eight domains: a score, and a checklist in which true is in place and false is not."""

    score: Score
    """0 nothing is in place, 1 first talks, 2 planned, 3 begun, 4 mostly in place, 5 fully in place and kept up."""


class ServiceModel(Domain):
    """Service and care model design: what will be done for whom, and how people move between services."""

    reasons_known: Answer = None
    """Do you know why care falls short today, and does the programme answer those reasons?"""
    evidence_and_scope: Answer = None
    """Does the model of care rest on evidence, and is its scope agreed?"""
    builds_on_what_exists: Answer = None
    """Does it build on teams and arrangements that exist?"""
    shared_protocols: Answer = None
    """Do all organisations follow the same guidelines and protocols?"""
    fast_route_to_specialist: Answer = None
    """Is there a clear and fast way to a specialist?"""
    same_discharge_arrangements: Answer = None
    """Are discharge and shared care arranged in the same way everywhere?"""
    better_care_not_gatekeeping: Answer = None
    """Is the aim better care, rather than keeping people out of hospital?"""
    other_providers_considered: Answer = None
    """Have you thought about people who go to another provider instead?"""
    practices_share: Answer = None
    """Have practices agreed what staff and rooms they share?"""
    shared_care_plan: Answer = None
    """Is there one care plan that everybody uses?"""


class Workforce(Domain):
    """Workforce: enough people with the skills, time and roles the programme needs."""

    posts_filled: Answer = None
    """Are the posts filled that the programme needs?"""
    time_set_aside: Answer = None
    """Is time set aside for meetings, reviews and learning?"""
    primary_care_skills: Answer = None
    """Has primary care the skills for what is moved to it?"""
    new_skills_planned: Answer = None
    """Do you know which new skills are needed, and who will teach them?"""
    it_training: Answer = None
    """Are people taught to use the computer systems it needs?"""
    roles_clear: Answer = None
    """Does everybody know who does what, so that nothing is done twice or left out?"""
    skills_kept: Answer = None
    """Is there a way to keep general practitioners' skills when others take work over?"""


class Information(Domain):
    """Information and IT: what is known about a person is seen by whoever cares for them."""

    record_shared: Answer = None
    """Can primary care, hospital and social care see each other's records?"""
    record_used: Answer = None
    """Do most of them use it?"""
    systems_work_together: Answer = None
    """Do the computer systems work together without typing things twice?"""
    access_agreed: Answer = None
    """Are the rules of access agreed once for all?"""
    progress_visible: Answer = None
    """Can everybody see where a person is, how long for, and what comes next?"""


class Finance(Domain):
    """Financial and contractual mechanisms: money goes where the work is."""

    incentives_aligned: Answer = None
    """Are contracts and payments in line with what the programme is to achieve?"""
    money_can_move: Answer = None
    """Is there a way to move money from hospital to community care?"""
    project_funded: Answer = None
    """Is the change itself paid for, beyond the services?"""
    coordination_paid: Answer = None
    """Are those who coordinate care paid for it?"""
    gains_shared: Answer = None
    """Would every organisation gain, or be made good if it loses?"""


class Governance(Domain):
    """Governance: who decides, who answers for it, and how anybody would notice that it does not work."""

    organisations_committed: Answer = None
    """Are all organisations committed, their executives included?"""
    stable: Answer = None
    """Is no reorganisation under way or announced?"""
    responsibilities_agreed: Answer = None
    """Are responsibilities and a timetable agreed?"""
    performance_judged_alike: Answer = None
    """Are the organisations judged by the same measures?"""
    quality_monitored: Answer = None
    """Are quality, process and results followed as they happen?"""
    surprises_noticed: Answer = None
    """Is there a way to notice what nobody intended?"""


class Culture(Domain):
    """Culture: whether people of different professions and organisations trust each other and want this."""

    past_talked_through: Answer = None
    """Have old conflicts been talked through?"""
    mutual_respect: Answer = None
    """Do professions and organisations respect each other's ways of working?"""
    goals_shared: Answer = None
    """Do they share the goals of the programme?"""
    clinicians_meet: Answer = None
    """Do clinicians of different organisations meet regularly, on site or in case conferences?"""
    advice_asked_for: Answer = None
    """Is advice easy to get by telephone or mail, and do people dare to ask for it?"""


class Engagement(Domain):
    """Service user and carer engagement: whether people have a say in what is done for them."""

    patients_in_design: Answer = None
    """Have patients and carers a part in the design?"""
    needs_asked: Answer = None
    """Is there a way to ask what people need and prefer?"""
    outcomes_that_matter: Answer = None
    """Are results measured that matter to patients?"""
    hard_to_reach_included: Answer = None
    """Is care taken that those who are hardest to reach benefit too?"""


class Leadership(Domain):
    """Leadership: people whom others follow, in clinics and in offices."""

    named_leader: Answer = None
    """Is there one named leader whom all organisations accept?"""
    clinical_leadership: Answer = None
    """Do hospital clinicians lead it, not only managers?"""
    primary_care_leadership: Answer = None
    """Does primary care lead it as well?"""
    champions: Answer = None
    """Are there champions who show others how to work in the new way?"""
    managers_back_clinicians: Answer = None
    """Do managers make room for clinicians to take part?"""


class Mechanisms(Described):
    """Five mechanisms. Where one is missing, contracts and money alone changed nothing (Campbell 2004)."""

    clear_goals: bool
    """Are there clear goals that those who do the work can name?"""
    teamwork: bool
    """Do they work as a team?"""
    protocols_and_audit: bool
    """Do they work by protocols, and look at what they did?"""
    resources: bool
    """Have they the staff, time and money for it?"""
    collaboration: bool
    """Do practices, hospital and social care work together on it?"""


DOMAINS = {
    "service_model": "service and care model design",
    "workforce": "workforce",
    "information": "information and IT",
    "finance": "financial and contractual mechanisms",
    "governance": "governance",
    "culture": "culture",
    "engagement": "service user and carer engagement",
    "leadership": "leadership",
}
"""The eight domains by field, as they are called on screen."""

_NOBODY_KNOWS = "Nobody has published how a score turns into an effect"


class Readiness(Described):
    """Answers of one place, and the assumptions by which they slow a programme down or weaken it."""

    kind: Literal["readiness"] = "readiness"
    """Kind of file."""
    name: str
    """Place and programme the answers are about."""
    service_model: ServiceModel
    """Service and care model design."""
    workforce: Workforce
    """Workforce."""
    information: Information
    """Information and IT."""
    finance: Finance
    """Financial and contractual mechanisms."""
    governance: Governance
    """Governance."""
    culture: Culture
    """Culture."""
    engagement: Engagement
    """Service user and carer engagement."""
    leadership: Leadership
    """Leadership."""
    mechanisms: Mechanisms
    """The five mechanisms."""
    slow_down: Number = Quantity(value=2, low=1.2, high=4, assumption=True, note=_NOBODY_KNOWS)
    """Half-time of the ramp in a place where nothing is in place, relative to what the programme states; divided by as
    much where all is in place. What the programme states is taken to hold half way between."""
    weakest_holds_back_share: Number = Quantity(value=0.5, low=0, high=1, assumption=True, note=_NOBODY_KNOWS)
    """Share of the effect lost where the weakest domain scores 0; none is lost where it scores 5."""
    left_share_without_mechanism: Number = Quantity(
        value=0, low=0, high=0.3, assumption=True, note="Campbell 2004 found that all five were needed, and no number"
    )
    """Share of the effect left where one of the five mechanisms is missing."""


def domains(readiness: Readiness) -> Iterator[tuple[str, Domain]]:
    """The eight domains with their field names."""
    for name in DOMAINS:
        yield name, getattr(readiness, name)


def answers(domain: Domain) -> dict[str, Answer]:
    """The checklist of a domain: each item's answer, None where there is none."""
    return {name: getattr(domain, name) for name in type(domain).model_fields if name != "score"}


def checklist_share(readiness: Readiness) -> float | None:
    """Share of the checklist that is in place, of the items answered; None if none is."""
    given = [answer for _, domain in domains(readiness) for answer in answers(domain).values() if answer is not None]
    return sum(given) / len(given) if given else None


def level(readiness: Readiness) -> float:
    """From 0, nothing is in place, to 1, everything: the mean of the scores and of the checklist, weighted alike."""
    scores = sum(domain.score for _, domain in domains(readiness)) / (5 * len(DOMAINS))
    share = checklist_share(readiness)
    return scores if share is None else (scores + share) / 2


def missing(readiness: Readiness) -> list[str]:
    """The mechanisms that are missing."""
    given = readiness.mechanisms
    return [name for name in type(given).model_fields if not getattr(given, name)]


def weakest(readiness: Readiness) -> list[str]:
    """The domains with the lowest score."""
    scores = {name: domain.score for name, domain in domains(readiness)}
    return [name for name, score in scores.items() if score == min(scores.values())]


def half_time_ratio(readiness: Readiness) -> float:
    """Half-time of a ramp relative to what the programme states: ``slow_down ** (1 - 2 level)``, an assumption."""
    return float(readiness.slow_down.value ** (1 - 2 * level(readiness)))


def fidelity(readiness: Readiness) -> float:
    """Share of a programme's stated effect that is reached in the end.

    The weakest domain holds back the rest, in proportion to what it lacks of 5; and the five mechanisms are an AND:
    with one of them missing only ``left_share_without_mechanism`` of the effect is left. Both are assumptions.
    """
    lowest = min(domain.score for _, domain in domains(readiness))
    held_back = readiness.weakest_holds_back_share.value * (1 - lowest / 5)
    return (1 - held_back) * (readiness.left_share_without_mechanism.value if missing(readiness) else 1.0)


def as_ready(intervention: Intervention, readiness: Readiness | None) -> Intervention:
    """The intervention as a place with these answers would carry it out: another half-time and fidelity of its ramp."""
    if readiness is None:
        return intervention
    ramp = intervention.ramp
    changed = {
        "half_time_months": ramp.half_time_months * half_time_ratio(readiness),
        "full": ramp.full * fidelity(readiness),
    }
    return intervention.model_copy(update={"ramp": ramp.model_copy(update=changed)})
