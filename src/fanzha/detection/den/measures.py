"""The numbers by which cards are looked at and tied together (`den-v1-measures.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DenMeasures"]


@dataclass(frozen=True, slots=True)
class DenMeasures:
    """Counts, seconds, hours and percentages as named; see the policy file for their sources."""

    mass_calls: int
    """A card that calls at least this often, to enough different numbers, may be one of a den."""
    mass_dispersion_pct: int
    out_pct: int
    codes_a_day: int
    code_senders: int
    code_life_max: int
    """Calls and texts out that a card which only takes codes may have."""
    texts_life_max: int
    """Texts in, codes apart, that a card without a life may have: strangers write to any number."""
    home_pct: int
    """A card is at home in a cell that has at least this share of its sightings …"""
    near_pct: int
    """… while its three commonest cells have this."""
    imei_step: int
    gateway_tacs: tuple[int, ...]
    """Type codes of gateways and modems, without leading zeros."""
    batch_minutes: int
    young_days: int
    code_pair_seconds: int
    code_pairs: int
    hub_max: int
    """Groups of more cards than this tie nobody together."""
    members_min: int
    relay_gap_s: int
    turns: int
    """So often one card must begin within the gap after another ended, and in `turns_pct` of the
    other's calls, for the two to belong together."""
    turns_pct: int
    bridge_calls: int
    bridge_s: int
    bridge_pct: int
    bridge_lift_pct: int
    bridge_peers: int
    half_life_hours: int
    """Sightings this much older weigh half."""
    area_pct: int
    stands_out_pct: int
    """A den is located only where its likeliest cell has this probability."""
    void_areas: tuple[int, ...]
    """Numbers of areas that stand for none …"""
    void_cells: tuple[int, ...]
    """… and of cells."""
    device_cards: int
    """So many cards behind one device are told whatever they do."""
    lead_hours: int
    """Two leads to one cell point to one place when they come within this."""
