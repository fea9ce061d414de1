"""Hosts that are killed under load lose nothing that they have acknowledged. `kills.py` has the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

import kills
from redis_server import RedisServer


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_no_acknowledged_turn_is_lost_or_doubled_when_a_host_is_killed(
    store: str, pais_host: Path, tmp_path: Path
) -> None:
    found = kills.prove(pais_host, tmp_path, store, kills=10, seed=1, tell=print)

    assert found.is_good(), (found, found.lost, found.doubled, found.refused)
    assert found.kills == 10
    assert found.acknowledged >= 10


def test_three_hosts_take_turns_in_one_session_and_one_of_them_may_die(pais_host: Path, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)

    found = kills.prove_hosts(pais_host, tmp_path, redis.url, hosts=3, turns=200)

    redis.kill()
    assert found.is_good(), (found, found.lost, found.doubled, found.refused)
    assert found.acknowledged == 200
    # The dead host held the session: the others wait for the end of its lease, seconds, and no longer.
    assert 1 < found.longest_pause < 20
