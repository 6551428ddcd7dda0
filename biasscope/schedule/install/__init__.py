"""Having ``due`` called regularly: the user's systemd timer, or a line in the user's crontab."""

from biasscope.schedule.install.installing import install, remove, show
from biasscope.schedule.install.trigger import Trigger, trigger

__all__ = ["Trigger", "install", "remove", "show", "trigger"]
