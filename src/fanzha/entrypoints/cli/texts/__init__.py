"""`fanzha classify text`, `train text`, `evaluate text`: messages, chats and calls in files."""

from fanzha.entrypoints.cli.texts.judging import classify
from fanzha.entrypoints.cli.texts.learning import train
from fanzha.entrypoints.cli.texts.measuring import evaluate

__all__ = ["classify", "evaluate", "train"]
