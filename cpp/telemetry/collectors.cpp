#include "telemetry/collectors.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/log.h"
#include "http/framing.h"
#include "http/url.h"
#include "telemetry/grpc_destination.h"
#include "telemetry/http_destination.h"

namespace pais::telemetry {
namespace {

using http::Url;

constexpr std::string_view kLogger = "pais.telemetry";

Error unusable(const std::string& why) {
  return Error{.code = Code::invalid_setting, .cause = "the endpoint " + why};
}

// An address without a scheme is plain text, unless OTEL_EXPORTER_OTLP_INSECURE=false says that it is not.
Result<Url> read_endpoint(const OtlpTarget& target) {
  std::string text = target.endpoint.value_or("");
  if (text.find("://") == std::string::npos) text.insert(0, target.insecure.value_or(true) ? "http://" : "https://");
  auto url = http::parse_url(text);
  if (!url) return unusable("is not an address: " + url.error().cause);
  return url;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

// Names that carry the message itself, and are ours to write.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 8> kOurs = {
      "content-type", "content-length", "content-encoding", "host", "connection", "transfer-encoding", "te", "upgrade"};
  return std::ranges::find(kOurs, name) != kOurs.end() || name.starts_with("grpc-");
}

http::Headers usable(const std::optional<Pairs>& headers) {
  static std::set<std::string> named;  // of those left out; one thread opens exports
  http::Headers good;
  for (const auto& [name, value] : headers.value_or(Pairs())) {
    const std::string key = lower_case(name);
    if (http::is_token(key) && !is_ours(key)) {
      good.emplace_back(key, value);
    } else if (named.insert(key).second) {
      log::warning(kLogger, "The header " + name + " of OTEL_EXPORTER_OTLP_HEADERS cannot be sent; it is left out");
    }
  }
  return good;
}

http::TlsIdentity identity_of(const OtlpTarget& target) {
  return {.certificate_file = target.client_certificate.value_or(""), .key_file = target.client_key.value_or("")};
}

bool wants_gzip(const OtlpTarget& target) {
  return target.compression == OtlpCompression::gzip;
}

}  // namespace

Result<Collectors::Way> Collectors::open(Signal signal, const OtlpTarget& target) {
  return target.protocol.value_or(OtlpProtocol::grpc) == OtlpProtocol::grpc ? open_grpc(signal, target)
                                                                            : open_http(signal, target);
}

Result<Collectors::Way> Collectors::open_grpc(Signal signal, const OtlpTarget& target) {
  auto url = read_endpoint(target);
  if (!url) return url.error();
  const bool tls = url->scheme == Url::Scheme::https;
  const std::string ca_file = tls ? target.certificate.value_or("") : "";
  const std::string place = "grpc " + url->origin() + " " + ca_file + " " + identity_of(target).certificate_file;
  auto& channel = channels_[place];
  if (!channel) {
    channel = std::make_shared<GrpcChannel>(
        GrpcServer{.endpoint = {.host = url->host, .port = url->port, .socket_path = url->socket_path},
                   .authority = url->socket_path.empty() ? url->authority() : "localhost",
                   .tls = tls,
                   .ca_file = ca_file,
                   .identity = identity_of(target)});
  }
  GrpcDestination::Options options{
      .name = url->origin(), .metadata = usable(target.headers), .gzip = wants_gzip(target)};
  if (!url->credentials.empty()) {
    options.metadata.emplace_back("authorization", http::basic_authorization(url->credentials));
  }
  return Way{.place = place, .destination = std::make_unique<GrpcDestination>(signal, channel, std::move(options))};
}

Result<Collectors::Way> Collectors::open_http(Signal signal, const OtlpTarget& target) {
  auto url = read_endpoint(target);
  if (!url) return url.error();
  const std::string ca_file = target.certificate.value_or("");
  const std::string place = "http " + url->origin() + " " + ca_file + " " + identity_of(target).certificate_file;
  auto& client = clients_[place];
  if (!client) {
    client = std::make_shared<const http::Client>(
        http::Client::Options{.idle_per_origin = 1,
                              .ca_file = ca_file,
                              .certificate_file = identity_of(target).certificate_file,
                              .key_file = identity_of(target).key_file,
                              .user_agent = "pais/" PAIS_VERSION});
  }
  const bool has_scheme = target.endpoint->find("://") != std::string::npos;
  HttpDestination::Options options{
      .name = url->origin(),
      .url = has_scheme ? *target.endpoint
                        : (url->scheme == Url::Scheme::https ? "https://" : "http://") + *target.endpoint,
      .headers = usable(target.headers),
      .form = target.protocol == OtlpProtocol::http_json ? OtlpForm::json : OtlpForm::protobuf,
      .gzip = wants_gzip(target)};
  return Way{.place = place, .destination = std::make_unique<HttpDestination>(signal, client, std::move(options))};
}

}  // namespace pais::telemetry
