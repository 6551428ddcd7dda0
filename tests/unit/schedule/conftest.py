"""Fixture of all tests of schedules."""

from tests.unit.schedule.made import desk

__all__ = ["desk"]
