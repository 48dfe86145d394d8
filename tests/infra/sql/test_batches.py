"""A batch has its full size for every query plan."""

import pytest
from sqlalchemy import Engine

from flask_watchword.infra.sql.engine import open_engine
from flask_watchword.infra.sql.sessions import SqlSessionStore
from flask_watchword.sessions.session import Lifetimes, new_session

LIVES = Lifetimes()
LATER = 1e10
#: Join strategies left to the planner: it evaluates the subquery once for every row of the table.
UNUSED = ("hashjoin", "mergejoin", "material", "hashagg", "indexscan", "bitmapscan", "sort")


@pytest.mark.server
def test_batch_is_selected_once_and_not_for_every_row(postgres_engine: Engine) -> None:
    options = " ".join(f"-c enable_{how}=off" for how in UNUSED)
    url = postgres_engine.url.update_query_dict({"options": options})
    store = SqlSessionStore(open_engine(url))
    for number in range(20):
        store.start(new_session(str(number), float(number), LIVES), None, LIVES)
    assert [store.purge(LATER, 3) for _ in range(8)] == [3] * 6 + [2, 0]
    store.close()
