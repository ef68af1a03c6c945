"""Trains the model that ships: `python -m fanzha.detection.text.cascade.ship --data DIR`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from fanzha.detection.model_file import write_model
from fanzha.detection.text.cascade.meanings import MEANINGS_FILE
from fanzha.detection.text.cascade.model import SHIPPED, TextModel
from fanzha.detection.text.cascade.policy import CASCADE_FILE, CascadePolicy
from fanzha.detection.text.cascade.samples import TALKS_FILE, Samples, own
from fanzha.detection.text.cascade.train import Settings, train
from fanzha.detection.text.v1.corpus import DIALOGUES, MESSAGES_FILE, fingerprint
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.sounds import SOUNDS_FILE
from fanzha.detection.text.v1.steps import STEPS_FILE

__all__ = ["POLICY_FILES", "dialogues", "ship"]

POLICIES = Path(__file__).resolve().parents[5] / "policies"
POLICY_FILES = (
    MESSAGES_FILE, TALKS_FILE, STEPS_FILE, VARIANTS_FILE, SOUNDS_FILE, MEANINGS_FILE,
)  # fmt: skip
_EACH = 1_200
"""Dialogues of either side that are taken."""


def dialogues(path: Path, normaliser: Normaliser, seed: int) -> Samples:
    """As many everyday calls as scam calls: of every other one only what the caller says, of the
    rest both sides in turn, since a centre gets either."""
    table = pl.read_parquet(path, columns=["fraud", "caller", "callee"])
    rng = np.random.default_rng(seed)
    fraud = table["fraud"].to_numpy()
    rows = np.sort(
        np.concatenate(
            [rng.permutation(np.flatnonzero(fraud == side))[:_EACH] for side in (True, False)]
        )
    )
    texts = []
    for k, row in enumerate(rows.tolist()):
        _, caller, callee = table.row(row)
        texts.append("\n".join(_turns(caller or [], [] if k % 2 else callee or [])))
    return own(
        texts, fraud[rows], np.full(rows.size, -1, dtype=np.int64), ["dialogues"] * rows.size,
        np.ones(rows.size, dtype=bool), normaliser,
    )  # fmt: skip


def _turns(caller: list[str | None], callee: list[str | None]) -> list[str]:
    """Both sides in turn, the caller first."""
    out = []
    for k in range(max(len(caller), len(callee))):
        out += [side[k] for side in (caller, callee) if k < len(side)]
    return [turn for turn in out if turn]


def ship(data: Path, policies: Path = POLICIES) -> TextModel:
    """The model for texts of nobody in particular: sources weigh alike, none counts as its own."""
    settings = Settings(level=True, folds=2, variants=3, encoded=6_000, iterations=60)
    normaliser = Normaliser.load(policies / "text" / VARIANTS_FILE)
    samples = dialogues(data / DIALOGUES, normaliser, settings.seed)

    def tell(zh: str, en: str) -> None:
        sys.stderr.write(f"{zh}  {en}\n")

    model = train(samples, (), np.zeros(0, dtype=bool), policies, settings, tell)
    files = {name: fingerprint(policies / "text" / name) for name in POLICY_FILES}
    files[DIALOGUES] = fingerprint(data / DIALOGUES)
    command = "python -m fanzha.detection.text.cascade.ship --data DIR"
    prior = CascadePolicy.load(policies / "text" / CASCADE_FILE).prior
    about = {**model.about, "command": command, "sets_sha256": files, "prior": prior}
    return replace(model, about=about, prior=prior)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    asked = parser.parse_args()
    file = ship(asked.data).to_file()
    write_model(asked.out, file)
    sys.stdout.write(f"{asked.out.name}: {file.version}\n")


if __name__ == "__main__":
    main()
