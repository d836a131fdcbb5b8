"""The real server under measurement, and how long and how much work its answers take."""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.product import Product, signed_in

TICK = os.sysconf("SC_CLK_TCK")
#: What a browser accepts.
ENCODINGS = "gzip, deflate, br"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of some answers."""

    times: Sequence[float]

    @property
    def median(self) -> float:
        """Half of them took no longer."""
        return statistics.median(self.times)

    @property
    def most(self) -> float:
        """95 of 100 took no longer."""
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * 0.95))]

    def __str__(self) -> str:
        return f"{self.median:8.1f} {self.most:8.1f}"


class Stranger:
    """Somebody on one connection that stays open."""

    def __init__(self, product: Product) -> None:
        self.headers = {"Accept-Encoding": ENCODINGS}
        self.connection = http.client.HTTPConnection(urlsplit(product.url).netloc, timeout=120)

    def get(self, path: str, **headers: str) -> bytes:
        """Return the body of a page, as it was transferred.

        Raises:
            RuntimeError: when it is no success.
        """
        try:
            self.connection.request("GET", path, headers=self.headers | headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # It was open for too long.
            self.connection.close()
            self.connection.request("GET", path, headers=self.headers | headers)
            answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return body

    def timed(self, path: str, times: int, **headers: str) -> Timing:
        """Ask for a page some times, after one that does not count."""
        self.get(path, **headers)
        return Timing([elapsed(lambda: self.get(path, **headers)) for _ in range(times)])


class Visitor(Stranger):
    """Somebody who is signed in."""

    def __init__(self, product: Product, username: str = "operator") -> None:
        super().__init__(product)
        self.session = signed_in(product, username)
        self.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)


def elapsed(deed: Callable[[], object]) -> float:
    """Return how many milliseconds something took."""
    began = time.perf_counter()
    deed()
    return (time.perf_counter() - began) * 1000


def cpu_seconds(product: Product) -> float:
    """Return the processor time that the workers have used."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in product.worker_pids()]
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICK


def memory_mb(product: Product) -> float:
    """Return the memory of the largest worker."""
    return max(
        int(line.split()[1]) / 1024
        for pid in product.worker_pids()
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


@contextmanager
def serving(folder: Path, launchdarkly_url: str, database_url: str, workers: int = 1) -> Iterator[Product]:
    """Run the product, with its neighbours beside it, over a database that is filled already."""
    folder.mkdir(exist_ok=True)
    product = Product(folder, launchdarkly_url, workers, database_url)
    product.environment["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    with product:
        yield product
