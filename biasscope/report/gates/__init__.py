"""Gates: bounds that numbers of a report must keep, judged on the report and a baseline."""

from biasscope.report.gates.gate import Gate, Verdict
from biasscope.report.gates.judge import judge
from biasscope.report.gates.outcome import exit_code, lines

__all__ = ["Gate", "Verdict", "exit_code", "judge", "lines"]
