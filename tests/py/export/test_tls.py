"""Telemetry over TLS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from export.start import Start
from otlp_receiver import (
    OtlpReceiver,
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key, and a certificate for localhost that is its own authority."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", *kind, *names, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate


@pytest.fixture
def tls_receiver(certificate: tuple[Path, Path]) -> Iterator[OtlpReceiver]:
    key, chain = (path.read_bytes() for path in certificate)
    receiver = OtlpReceiver(credentials=grpc.ssl_server_credentials([(key, chain)]))
    yield receiver
    receiver.stop()


def test_grpc_goes_over_tls(tls_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start) -> None:
    driver = drive(tls_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]))

    driver.tell("spans", 45, 65_000)

    assert driver.flush()
    assert len(tls_receiver.spans) == 45


def test_an_address_without_a_scheme_is_tls_when_it_must_not_be_insecure(
    tls_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    driver = drive(
        f"localhost:{tls_receiver.port}",
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]),
        OTEL_EXPORTER_OTLP_INSECURE="false",
    )

    driver.tell("span", "hello")

    assert tls_receiver.span("hello")


def test_a_collector_that_nobody_vouches_for_gets_nothing(tls_receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(tls_receiver.endpoint)

    driver.tell("span", "hello")

    assert not driver.flush()
    assert tls_receiver.exports == []
    assert "the certificate" in driver.warnings()[0]


@pytest.fixture
def strict_receiver(certificate: tuple[Path, Path]) -> Iterator[OtlpReceiver]:
    """It wants to see a certificate, too."""
    key, chain = (path.read_bytes() for path in certificate)
    receiver = OtlpReceiver(credentials=grpc.ssl_server_credentials([(key, chain)], chain, require_client_auth=True))
    yield receiver
    receiver.stop()


def test_a_collector_that_wants_a_certificate_is_shown_ours(
    strict_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    key, chain = (str(path) for path in certificate)
    shown = {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": chain, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key}
    driver = drive(strict_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=chain, **shown)

    driver.tell("span", "hello")

    assert driver.flush()
    assert strict_receiver.span("hello")


def test_a_collector_that_is_not_shown_the_certificate_it_wants_gets_nothing(
    strict_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    driver = drive(strict_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]))

    driver.tell("span", "hello")

    assert not driver.flush()
    assert strict_receiver.exports == []
