"""The history of a scheduled report: ``index.html`` and ``history.parquet``, made from the JSON of its runs alone."""

from biasscope.schedule.history.update import update

__all__ = ["update"]
