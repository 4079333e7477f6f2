"""Real clients against a real server: OpenTelemetry's SDK and exporter, and a logging handler for Loki, from PyPI.

Each runs in a process of its own, as users run it.
"""

import os
import subprocess
import sys
from collections.abc import Callable

from kit.processes import Installation

OTEL = """
import logging, sys
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

logging.basicConfig(stream=sys.stderr)
provider = LoggerProvider(Resource.create({"service.name": "checkout", "host.name": "web1"}))
exporter = OTLPLogExporter(sys.argv[1] + "/otlp/v1/logs", compression=getattr(Compression, sys.argv[2]))
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
logger = provider.get_logger("shop.cart", "1.2")
for n in range(1200):
    logger.emit(
        severity_number=SeverityNumber.ERROR if n == 7 else SeverityNumber.INFO,
        body={"step": n} if n == 8 else f"order {n} placed",
        attributes={"user.id": "noa", "order": n, "cart": {"items": [1, 2]}},
        event_name="order.placed",
    )
assert provider.force_flush(30_000)
provider.shutdown()
"""

HANDLER = """
import logging, sys, warnings
warnings.simplefilter("ignore")
import logging_loki
handler = logging_loki.LokiHandler(sys.argv[1] + "/loki/api/v1/push", tags={"job": "app"}, version="1")
handler.handleError = lambda record: sys.exit(f"not taken: {sys.exc_info()[1]}")
logger = logging.getLogger("shop.orders")
logger.addHandler(handler)
logger.setLevel(logging.INFO)
logger.error("payment failed", extra={"tags": {"customer": "7"}})
logger.info("order placed")
"""


def run(script: str, *arguments: str) -> None:
    """Runs a client; what it complains of fails the test."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_real_clients_are_stored(install: Callable[..., Installation]) -> None:
    whodid = install()
    whodid.start("server")
    for compression in ("NoCompression", "Gzip", "Deflate"):
        run(OTEL, whodid.url, compression)
    assert whodid.total('{service_name="checkout"}') == 3 * 1200
    shop = '{service_name="checkout"} | scope_name="shop.cart" | user_id="noa" | host_name="web1"'
    assert whodid.total(shop) == 3 * 1200
    assert whodid.total(shop + ' | detected_level="error"') == 3
    assert whodid.total('{service_name="checkout"} |= "{\\"step\\":8}"') == 3
    assert whodid.total('{service_name="checkout"} | cart_items="[1,2]" | event_name="order.placed"') == 3 * 1200

    run(HANDLER, whodid.url)
    assert whodid.total('{job="app", logger="shop.orders", severity="error", customer="7"} |= "payment failed"') == 1
    assert whodid.total('{job="app"} | detected_level="info" |= "order placed"') == 1
