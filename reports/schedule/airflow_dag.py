"""Airflow 3: look once an hour which reports are due. Put it into the folder of DAGs and change PROJECT.

``due`` catches up by itself, so Airflow need not; a failed gate fails the task.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROJECT = "/srv/project"

with DAG(
    "biasscope",
    description="Run the biasscope reports that are due",
    schedule=timedelta(hours=1),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="due",
        bash_command="python -m biasscope.analyze due reports",
        cwd=PROJECT,
        append_env=True,
        env={"PATH": f"{PROJECT}/.venv/bin:/usr/local/bin:/usr/bin:/bin"},
    )
