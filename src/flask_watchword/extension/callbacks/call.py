"""Call a callback of the application: a function or a coroutine function."""

from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any

from flask import current_app


def call(loader: Callable[..., Any], *arguments: Any) -> Any:
    """Call a loader and return its result, awaited if the loader is asynchronous.

    A coroutine object is true, so without this an asynchronous blocklist would revoke every token
    and an asynchronous user lookup would find a user for every token.
    """
    result = loader(*arguments)
    return wait(result) if isinstance(result, CoroutineType) else result


def wait(coroutine: "CoroutineType[Any, Any, Any]") -> Any:
    """Run a coroutine and return its result.

    Raises:
        RuntimeError: when asgiref, which this needs, is not installed.
    """
    try:
        run = current_app.async_to_sync(_wait_for)
    except RuntimeError as error:
        coroutine.close()  # otherwise Python warns that it was never awaited
        raise RuntimeError(
            f"{coroutine.__qualname__} is asynchronous, which needs asgiref: "
            "pip install 'Flask[async]'"
        ) from error
    return run(coroutine)


async def _wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return await coroutine
