"""An alert fires once per rise, reminds where it is to, and never inside its cooldown."""

from datetime import UTC, datetime, timedelta

from services.worker.alerts.firing_rule import Rise, Rule, look, may_fire

START = datetime(2026, 1, 1, tzinfo=UTC)
QUIET = Rise(is_raised=False, is_told=False, last_fired_at=None)


def rule(cooldown: int = 0, renotify: int | None = None) -> Rule:
    return Rule(
        cooldown=timedelta(seconds=cooldown), renotify=None if renotify is None else timedelta(seconds=renotify)
    )


def fired_at(looks: list[tuple[int, bool]], by: Rule) -> list[int]:
    """The seconds at which an alert fires that is looked at at these seconds, its condition being so."""
    rise, fired = QUIET, []
    for second, holds in looks:
        step = look(rise, holds=holds, now=START + timedelta(seconds=second), rule=by)
        rise = step.rise
        if step.fires:
            fired.append(second)
    return fired


def test_it_fires_when_the_condition_rises_and_not_again_while_it_holds() -> None:
    assert fired_at([(0, False), (1, True), (2, True), (900, True)], rule()) == [1]


def test_it_fires_again_after_the_condition_fell() -> None:
    assert fired_at([(0, True), (1, False), (2, True), (3, False), (4, True)], rule()) == [0, 2, 4]


def test_it_reminds_at_the_interval_while_the_condition_holds() -> None:
    assert fired_at([(0, True), (59, True), (60, True), (100, True), (120, True)], rule(renotify=60)) == [0, 60, 120]


def test_a_rise_inside_the_cooldown_is_told_when_that_ends_if_the_condition_holds_still() -> None:
    assert fired_at([(0, True), (10, False), (20, True), (99, True), (100, True)], rule(cooldown=100)) == [0, 100]


def test_a_rise_that_falls_inside_the_cooldown_is_never_told() -> None:
    assert fired_at([(0, True), (10, False), (20, True), (30, False), (100, False)], rule(cooldown=100)) == [0]


def test_a_reminder_waits_for_the_cooldown() -> None:
    assert fired_at([(0, True), (60, True), (100, True)], rule(cooldown=100, renotify=60)) == [0, 100]


def test_it_says_when_it_could_fire_next() -> None:
    told = look(QUIET, holds=True, now=START, rule=rule(cooldown=30))
    assert (told.fires, told.again_at) == (True, None)
    fallen = look(told.rise, holds=False, now=START, rule=rule(cooldown=30))
    waits = look(fallen.rise, holds=True, now=START + timedelta(seconds=5), rule=rule(cooldown=30))
    assert (waits.fires, waits.again_at) == (False, START + timedelta(seconds=30))
    reminds = look(QUIET, holds=True, now=START, rule=rule(renotify=60))
    assert reminds.again_at == START + timedelta(seconds=60)


def test_a_document_that_matches_is_told_of_outside_the_cooldown_alone() -> None:
    assert may_fire(None, START, rule(cooldown=60))
    assert not may_fire(START, START + timedelta(seconds=59), rule(cooldown=60))
    assert may_fire(START, START + timedelta(seconds=60), rule(cooldown=60))
