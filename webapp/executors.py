"""Where work runs: processes on this machine, or a Dask cluster. Both look like ``concurrent.futures`` executors."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from types import TracebackType
from typing import Any, Final, Protocol, Self

from schemas.exceptions import SettingsError
from webapp.settings import Settings


class Pool(Protocol):
    """Takes calls of importable functions and runs each in another process."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function(*arguments)`` some time."""
        ...


class LocalPool:
    """A pool of processes that is made anew when one of them is killed (the standard one stays broken for ever)."""

    def __init__(self, workers: int) -> None:
        self._workers: Final = workers
        self._executor: Executor = self._new()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what runs; what has not begun stays due in the database."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function(*arguments)`` in a process; the future of a killed process raises ``BrokenProcessPool``."""
        try:
            return self._executor.submit(function, *arguments)
        except BrokenProcessPool:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = self._new()
            return self._executor.submit(function, *arguments)

    def _new(self) -> Executor:
        # spawn: a forked child would inherit this process's threads' locks and database connections
        return ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=signal, initargs=(SIGINT, SIG_IGN)
        )


class ClusterPool:
    """The workers of a Dask cluster; each must reach the database."""

    def __init__(self, address: str, *, timeout_s: float = 10) -> None:
        try:
            from distributed import Client  # noqa: PLC0415  (the extra may not be installed)
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"KITALOTSE_CLUSTER is {address!r}, but Dask is missing: pip install 'kitalotse[cluster]'"
            ) from error
        connect: Any = Client  # Dask ships no types
        try:
            self._client: Final[Any] = connect(address, timeout=timeout_s)
        except OSError as error:
            raise SettingsError(f"KITALOTSE_CLUSTER is {address!r}: no scheduler answers there ({error})") from error
        # no retries: a job whose worker died is judged by its lease, not run again behind our back
        self._executor: Final[Executor] = self._client.get_executor(retries=0, pure=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the cluster; what runs there goes on."""
        self._client.close()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function(*arguments)`` on a worker."""
        return self._executor.submit(function, *arguments)


def pool(settings: Settings) -> Pool:
    """The pool that the settings ask for."""
    return ClusterPool(settings.cluster) if settings.cluster else LocalPool(settings.workers)
