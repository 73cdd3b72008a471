"""What the generated rule tests show of an alert, and which of it applies to which kind."""

from collections.abc import Mapping
from enum import StrEnum

from whatsapp_alerting.alert import Kind


class Proof(StrEnum):
    """A property that a test shows."""

    FIRES = "fires"
    """On every fault, with exactly its labels, and not before `for`."""
    PROMISE = "within its promise"
    """At the latest `detect_within` after the source has it, less a scrape and Alertmanager's wait.

    What the source itself takes (`source_interval`) is taken off, too.
    """
    HEALTHY = "silent in health"
    BOUNDARY = "silent just under the threshold"
    BLIP = "silent on a short blip"
    RESETS = "ends with the fault"
    NO_TRAFFIC = "silent without traffic"
    """Counters stand still, or there are no series at all."""
    LOST_SCRAPES = "survives lost scrapes"
    ESCALATES = "escalates"
    """Going on for `escalate_after` it also fires for the escalation contacts, and not before."""


_OF_STATES = frozenset(Proof) - {Proof.BOUNDARY}

APPLIES: Mapping[Kind, frozenset[Proof]] = {
    Kind.THRESHOLD: frozenset(Proof),
    # A state has nothing between healthy and not.
    Kind.STATE: _OF_STATES,
    # Without series is what it fires on.
    Kind.ABSENCE: _OF_STATES - {Proof.NO_TRAFFIC, Proof.LOST_SCRAPES},
    Kind.ALWAYS: frozenset({Proof.FIRES, Proof.PROMISE}),
}
"""The proofs of each kind; `up` itself is written for scrapes that fail, so it is never lost.

ESCALATES is about the entries that have `escalate_after`.
"""
