"""The words that every dossier shares: where a patient is, what a site can have, what a person enters."""

from __future__ import annotations

from typing import Final

SETTINGS: Final = ("home", "ed", "icu", "inpatient", "outpatient")
REGIONS: Final = ("high_income", "tb_endemic")
CAPABILITIES: Final = frozenset(
    ("ir", "bronchoscopy", "rigid_bronchoscopy", "thoracic_surgery", "icu", "aiir", "pcc", "idarucizumab")
)
RECORDED: Final = frozenset(
    (
        "entry", "disposition", "not_yet_explained", "next_vitals", "next_hemoglobin", "rebleed_watch_end",
        "restart_review", "followup_owners",
    )
)  # fmt: skip
