"""Text v1 on labelled real texts: precision and recall with intervals, the worst mistakes."""

from fanzha.detection.text.v1.evaluate.figures import Figures, LabelShare, Mistake
from fanzha.detection.text.v1.evaluate.labelled import SETS, Labelled, LabelledSet
from fanzha.detection.text.v1.evaluate.measure import evaluate, measure
from fanzha.detection.text.v1.evaluate.report import report

__all__ = [
    "SETS",
    "Figures",
    "LabelShare",
    "Labelled",
    "LabelledSet",
    "Mistake",
    "evaluate",
    "measure",
    "report",
]
