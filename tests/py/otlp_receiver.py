"""A collector of a test's own: real gRPC or HTTP, that keeps what it is sent and misbehaves when it is told to."""

from __future__ import annotations

import gzip
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PATIENCE = 30.0
SIGNALS = {
    "traces": ("trace", "Trace", trace_service_pb2),
    "metrics": ("metrics", "Metrics", metrics_service_pb2),
    "logs": ("logs", "Logs", logs_service_pb2),
}


def request_type(signal: str) -> Any:
    _, name, module = SIGNALS[signal]
    return getattr(module, f"Export{name}ServiceRequest")


def response_type(signal: str) -> Any:
    _, name, module = SIGNALS[signal]
    return getattr(module, f"Export{name}ServiceResponse")


def value_of(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def attributes_of(attributes: Sequence[KeyValue]) -> dict[str, Any]:
    return {each.key: value_of(each.value) for each in attributes}


@dataclass
class Misbehaviour:
    """What is answered instead of thanks. `code` is a gRPC status or an HTTP status; `retry_after` in seconds."""

    code: int
    message: str = ""
    retry_after: float | None = None


@dataclass
class Export:
    """One request as it came: its decoded message, its metadata or headers, and how."""

    signal: str
    request: Message
    headers: dict[str, str]
    peer: str = ""


@dataclass
class Received:
    """What has come in, for all to look at; `wait_for` sleeps until it is as one wants it."""

    exports: list[Export] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, export: Export) -> None:
        with self._changed:
            self.exports.append(export)
            self._changed.notify_all()

    def wait_for(self, holds: Callable[[], Any], within: float = PATIENCE) -> Any:
        """What `holds` gives once that is something; else the test fails."""
        with self._changed:
            assert self._changed.wait_for(holds, within), f"not seen in {within} s; exports: {len(self.exports)}"
            return holds()

    def _parts(self, signal: str, outer: str, inner: str, items: str) -> list[tuple[Any, Any, Any]]:
        return [
            (resource.resource, scope.scope, item)
            for export in list(self.exports)
            if export.signal == signal
            for resource in getattr(export.request, outer)
            for scope in getattr(resource, inner)
            for item in getattr(scope, items)
        ]

    @property
    def spans(self) -> list[Span]:
        return [span for _, _, span in self.spans_with_source]

    @property
    def spans_with_source(self) -> list[tuple[Any, Any, Span]]:
        """Each with its resource and its scope."""
        return self._parts("traces", "resource_spans", "scope_spans", "spans")

    @property
    def logs(self) -> list[LogRecord]:
        return [record for _, _, record in self._parts("logs", "resource_logs", "scope_logs", "log_records")]

    @property
    def metrics(self) -> list[Metric]:
        return [metric for _, _, metric in self.metrics_with_source]

    @property
    def metrics_with_source(self) -> list[tuple[Any, Any, Metric]]:
        return self._parts("metrics", "resource_metrics", "scope_metrics", "metrics")

    def span(self, name: str, within: float = PATIENCE) -> Span:
        """The first of that name, waiting for it."""

        def found() -> Span | None:
            return next((span for span in self.spans if span.name == name), None)

        span: Span = self.wait_for(found, within)
        return span

    def latest_metric(self, name: str, within: float = PATIENCE) -> Metric:
        def found() -> Metric | None:
            return next((metric for metric in reversed(self.metrics) if metric.name == name), None)

        metric: Metric = self.wait_for(found, within)
        return metric


class OtlpReceiver(Received):
    """Over gRPC. `misbehave` queues one answer for each of the next exports; `refuse_all` is for all of them until it
    is None again; `hold()` keeps callers waiting until `hold_no_more()`; `rejected` is what partial success says.
    `stop()` and `start()` make it go away and come back at the same address."""

    def __init__(self, port: int = 0, credentials: grpc.ServerCredentials | None = None, workers: int = 4) -> None:
        super().__init__()
        self.port = port
        self.misbehave: deque[Misbehaviour] = deque()
        self.refuse_all: Misbehaviour | None = None
        self.delay = threading.Event()  # set while callers are kept waiting
        self.rejected: tuple[int, str] | None = None
        self.asked_at: list[float] = []  # when exports were tried, taken or not
        self.scheme = "http" if credentials is None else "https"
        self._credentials = credentials
        self._workers = workers
        self._go_on = threading.Event()
        self.start()

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://{'127.0.0.1' if self._credentials is None else 'localhost'}:{self.port}"

    def start(self) -> None:
        self._server = grpc.server(
            futures.ThreadPoolExecutor(self._workers),
            options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 64 * 1024 * 1024)],
        )
        for signal, (package, name, _) in SIGNALS.items():
            handler = grpc.unary_unary_rpc_method_handler(
                self._export(signal),
                request_deserializer=request_type(signal).FromString,
                response_serializer=response_type(signal).SerializeToString,
            )
            service = f"opentelemetry.proto.collector.{package}.v1.{name}Service"
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        address = f"127.0.0.1:{self.port}"  # "localhost" may be two, of which one is taken
        if self._credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, self._credentials)
        assert self.port != 0, "the address is taken"
        self._server.start()

    def stop(self, grace: float | None = None) -> None:
        """Away: at once, breaking off what is under way, or politely with a GOAWAY when `grace` is given."""
        gone = self._server.stop(grace)
        self.hold_no_more()
        gone.wait(PATIENCE)

    def hold(self) -> None:
        self._go_on.clear()
        self.delay.set()

    def hold_no_more(self) -> None:
        self.delay.clear()
        self._go_on.set()

    def _export(self, signal: str) -> Callable[[Message, grpc.ServicerContext], Message]:
        def export(request: Message, context: grpc.ServicerContext) -> Message:
            self.asked_at.append(time.monotonic())
            if self.delay.is_set():
                self._go_on.wait(PATIENCE)
            if not context.is_active():
                return thanks(signal, None)  # to nobody: the caller has hung up, or we have
            trouble = self.misbehave.popleft() if self.misbehave else self.refuse_all
            if trouble is not None:
                self._refuse(context, trouble)
            headers = {str(key): str(value) for key, value in context.invocation_metadata()}
            self.add(Export(signal, request, headers, context.peer()))
            return thanks(signal, self.rejected)

        return export

    @staticmethod
    def _refuse(context: grpc.ServicerContext, trouble: Misbehaviour) -> None:
        if trouble.retry_after is not None:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.FromNanoseconds(int(trouble.retry_after * 1e9))
            status = status_pb2.Status(code=trouble.code, message=trouble.message)
            status.details.add().Pack(info)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        names = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(names[trouble.code], trouble.message)


def thanks(signal: str, rejected: tuple[int, str] | None) -> Any:
    response = response_type(signal)()
    if rejected is not None:
        count = {"traces": "rejected_spans", "metrics": "rejected_data_points", "logs": "rejected_log_records"}[signal]
        setattr(response.partial_success, count, rejected[0])
        response.partial_success.error_message = rejected[1]
    return response


UNAVAILABLE = code_pb2.UNAVAILABLE
RESOURCE_EXHAUSTED = code_pb2.RESOURCE_EXHAUSTED
INVALID_ARGUMENT = code_pb2.INVALID_ARGUMENT
UNIMPLEMENTED = code_pb2.UNIMPLEMENTED


class HttpReceiver(Received):
    """The same over HTTP, as protobuf or JSON, whichever comes. Paths must be those of OTLP."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.misbehave: deque[Misbehaviour] = deque()
        self.rejected: tuple[int, str] | None = None
        self.paths: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._answer(self, prefix)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def _answer(self, handler: BaseHTTPRequestHandler, prefix: str) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.paths.append(handler.path)
        signal = handler.path.removeprefix(prefix + "/v1/")
        if signal not in SIGNALS:
            return self._say(handler, 404, b"", "text/plain")
        if self.misbehave:
            trouble = self.misbehave.popleft()
            return self._say(handler, trouble.code, trouble.message.encode(), "text/plain", trouble.retry_after)
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        kind = handler.headers["Content-Type"]
        request = request_type(signal)()
        if kind == "application/json":
            request = decoded(signal, body.decode())
        else:
            request.ParseFromString(body)
        self.add(Export(signal, request, {key.lower(): value for key, value in handler.headers.items()}))
        response = thanks(signal, self.rejected)
        as_json = kind == "application/json"
        answer = json_format.MessageToJson(response).encode() if as_json else response.SerializeToString()
        return self._say(handler, 200, answer, kind)

    @staticmethod
    def _say(
        handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str, retry_after: float | None = None
    ) -> None:
        handler.send_response(status)
        if retry_after is not None:
            handler.send_header("Retry-After", str(int(retry_after)))
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def decoded(signal: str, text: str) -> Any:
    """An Export request of OTLP JSON: that of protobuf, but for ids, which are hexadecimal there."""
    import base64
    import json

    def with_protobuf_ids(value: Any) -> Any:
        if isinstance(value, list):
            return [with_protobuf_ids(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: base64.b64encode(bytes.fromhex(each)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else with_protobuf_ids(each)
            for key, each in value.items()
        }

    return json_format.ParseDict(with_protobuf_ids(json.loads(text)), request_type(signal)())
