"""What is set before polars and numpy are loaded: for streams other things than for tables in memory."""

import json
import os
import subprocess
import sys

import pytest

ASK = """
import json, os
from biasscope.commands.boxes import prepare
prepare(stream={stream})
print(json.dumps(dict(os.environ)))
"""
KEYS = ("POLARS_MAX_THREADS", "_RJEM_MALLOC_CONF")


def asked(*, stream: bool, **given: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in KEYS} | given
    made = subprocess.run(
        [sys.executable, "-c", ASK.format(stream=stream)], env=environment, capture_output=True, text=True, check=True
    )
    return {name: value for name, value in json.loads(made.stdout).items() if name in KEYS}


def test_a_table_in_memory_leaves_polars_alone():
    assert asked(stream=False) == {}


def test_a_stream_leaves_half_of_the_processors_to_the_statistics():
    made = asked(stream=True)
    assert int(made["POLARS_MAX_THREADS"]) == max(1, (os.cpu_count() or 1) // 2)
    assert made["_RJEM_MALLOC_CONF"].startswith("dirty_decay_ms:")


@pytest.mark.parametrize("name", KEYS)
def test_what_somebody_has_set_stays(name):
    assert asked(stream=True, **{name: "7"})[name] == "7"
