"""`fanzha classify|score|train|evaluate`: detection on files, one module a subject.

Each subject's module (`texts`, `links`, `apps`, `accounts`, `subscribers`) holds its commands as
plain functions, loads what it needs when it is called, and is entered here.
"""

from __future__ import annotations

import typer

from fanzha.entrypoints.cli import accounts, apps, cards, dens, links, payments, subscribers, texts

__all__ = ["classify", "evaluate", "score", "train"]

classify = typer.Typer(
    help="判别文件里的内容。Judge texts, links and apps in files.", no_args_is_help=True
)
score = typer.Typer(help="给账户和用户评分。Score accounts and subscribers.", no_args_is_help=True)
train = typer.Typer(
    help="用自己的数据训练。Train on labelled data of your own.", no_args_is_help=True
)
evaluate = typer.Typer(help="如实度量。Measure honestly, with intervals.", no_args_is_help=True)
classify.command("app")(apps.classify)
train.command("app")(apps.train)
evaluate.command("app")(apps.evaluate)
train.command("payments")(payments.train)
score.command("payments")(payments.score)
evaluate.command("payments")(payments.evaluate)
train.command("subscribers")(subscribers.train)
score.command("subscribers")(subscribers.score)
evaluate.command("subscribers")(subscribers.evaluate)
classify.command("link")(links.classify)
train.command("link")(links.train)
evaluate.command("link")(links.evaluate)
score.command("accounts")(accounts.score)
train.command("accounts")(accounts.train)
evaluate.command("accounts")(accounts.evaluate)
score.command("cards")(cards.score)
score.command("dens")(dens.score)
classify.command("text")(texts.classify)
train.command("text")(texts.train)
evaluate.command("text")(texts.evaluate)
