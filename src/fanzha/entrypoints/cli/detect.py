"""`fanzha classify|score|train|evaluate`: detection on files, one module a subject.

Each subject's module (`texts`, `links`, `apps`, `accounts`, `subscribers`) holds its commands as
plain functions, loads what it needs when it is called, and is entered here.
"""

from __future__ import annotations

import typer

from fanzha.entrypoints.cli import accounts, apps, cards, dens, links, payments, subscribers, texts
from fanzha.entrypoints.encoding import encoded

__all__ = ["classify", "evaluate", "score", "train"]

classify = typer.Typer(
    help="判别文件里的内容。Judge texts, links and apps in files.", no_args_is_help=True
)
score = typer.Typer(help="给账户和用户评分。Score accounts and subscribers.", no_args_is_help=True)
train = typer.Typer(
    help="用自己的数据训练。Train on labelled data of your own.", no_args_is_help=True
)
evaluate = typer.Typer(help="如实度量。Measure honestly, with intervals.", no_args_is_help=True)
classify.command("app")(encoded(apps.classify))
train.command("app")(encoded(apps.train))
evaluate.command("app")(encoded(apps.evaluate))
train.command("payments")(encoded(payments.train))
score.command("payments")(encoded(payments.score))
evaluate.command("payments")(encoded(payments.evaluate))
train.command("subscribers")(encoded(subscribers.train))
score.command("subscribers")(encoded(subscribers.score))
evaluate.command("subscribers")(encoded(subscribers.evaluate))
classify.command("link")(encoded(links.classify))
train.command("link")(encoded(links.train))
evaluate.command("link")(encoded(links.evaluate))
score.command("accounts")(encoded(accounts.score))
train.command("accounts")(encoded(accounts.train))
evaluate.command("accounts")(encoded(accounts.evaluate))
score.command("cards")(encoded(cards.score))
score.command("dens")(encoded(dens.score))
classify.command("text")(encoded(texts.classify))
train.command("text")(encoded(texts.train))
evaluate.command("text")(encoded(texts.evaluate))
