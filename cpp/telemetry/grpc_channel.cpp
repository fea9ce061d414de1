#include "telemetry/grpc_channel.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "http/tls.h"
#include "telemetry/gzip.h"
#include "telemetry/http2_connection.h"

namespace pais::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPrefix = 5;  // of a message: whether it is compressed, and its length in four bytes

std::string prefix_of(std::span<const std::string_view> message, bool compressed) {
  std::size_t size = 0;
  for (const std::string_view piece : message) size += piece.size();
  std::string prefix(1, compressed ? '\1' : '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) prefix += static_cast<char>(size >> shift & 0xffU);
  return prefix;
}

// The first message of an answer; "" where there is none, or one that we did not say we could read.
std::string unframed(std::string_view body) {
  if (body.size() < kPrefix || body[0] != '\0') return {};
  std::size_t size = 0;
  for (std::size_t i = 1; i < kPrefix; ++i) size = size << 8U | static_cast<unsigned char>(body[i]);
  return std::string(body.substr(kPrefix, size));
}

// "1500m": at most eight digits.
std::string grpc_timeout(http::Deadline deadline) {
  constexpr std::int64_t kMost = 99'999'999;
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return std::to_string(std::clamp<std::int64_t>(left, 1, kMost)) + "m";
}

}  // namespace

GrpcChannel::GrpcChannel(GrpcServer server) : server_(std::move(server)) {}
GrpcChannel::~GrpcChannel() = default;

Result<GrpcReply> GrpcChannel::call(const GrpcCall& call, http::Deadline deadline, const std::stop_token& stop) {
  const bool used_before = session_ != nullptr;
  auto reply = attempt(call, deadline, stop);
  if (reply) return reply;
  const bool went_stale = used_before && reply.error().code == Code::unreachable && session_ && session_->unheard();
  session_ = nullptr;
  if (!went_stale) return reply;
  reply = attempt(call, deadline, stop);
  if (!reply) session_ = nullptr;
  return reply;
}

Result<GrpcReply> GrpcChannel::attempt(const GrpcCall& call, http::Deadline deadline, const std::stop_token& stop) {
  if (session_ && !session_->is_ready()) session_ = nullptr;
  if (!session_) {
    if (auto connected = connect(deadline, stop); !connected) return connected.error();
  }
  http::Headers fields = {{":method", "POST"},
                          {":scheme", server_.tls ? "https" : "http"},
                          {":path", std::string(call.path)},
                          {":authority", server_.authority},
                          {"te", "trailers"},
                          {"content-type", "application/grpc"},
                          {"user-agent", "pais/" PAIS_VERSION},
                          {"grpc-timeout", grpc_timeout(deadline)}};
  if (call.gzip) fields.emplace_back("grpc-encoding", "gzip");
  fields.insert(fields.end(), call.metadata.begin(), call.metadata.end());
  const std::string packed = call.gzip ? gzipped(call.message) : std::string();
  std::vector<std::string_view> body(1);  // the first place is the prefix's
  if (call.gzip) {
    body.push_back(packed);
  } else {
    for (const Bytes& piece : call.message) body.push_back(piece.view());
  }
  const std::string prefix = prefix_of(body, call.gzip);
  body.front() = prefix;

  auto answer = session_->post(fields, body, deadline, stop);
  if (!answer) return answer.error();
  const auto said = [&](std::string_view name) { return http::find_header(answer->fields, name); };
  return GrpcReply{.status = read_grpc_status(said("grpc-status"), said("grpc-message"),
                                              said("grpc-status-details-bin"), answer->status),
                   .message = unframed(answer->body)};
}

Result<void> GrpcChannel::connect(http::Deadline deadline, const std::stop_token& stop) {
  auto connection = http::Connection::open(server_.endpoint, deadline, stop);
  if (!connection) return connection.error();
  if (server_.tls) {
    auto trust = http::TlsTrust::shared(server_.ca_file, server_.identity);
    if (!trust) return trust.error();
    constexpr std::array<std::string_view, 1> kProtocols = {"h2"};
    auto shaken = connection->start_tls(*trust, server_.endpoint.host, deadline, stop, kProtocols);
    if (!shaken) return shaken.error();
    if (connection->protocol() != "h2") return Error{.code = Code::malformed, .cause = "it does not speak HTTP/2"};
  }
  session_ = std::make_unique<Http2Connection>(*std::move(connection));
  return {};
}

}  // namespace pais::telemetry
