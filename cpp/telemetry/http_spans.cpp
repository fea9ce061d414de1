#include "telemetry/http_spans.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "http/url.h"
#include "telemetry/http_metrics.h"

namespace pais::telemetry {
namespace {

// What patterns get to see of a URL: they are the operator's and trace back, but their text is anybody's.
constexpr std::size_t kMostToSearch = 512;

// A span that lasts as long as its request.
struct Followed {
  std::shared_ptr<const Telemetry> telemetry;
  SpanWriter span;

  // `failure` says in one word what went wrong; "": nothing.
  void end(int status, std::string_view failure) {
    AttributeWriter& told = span.attributes();
    if (status != 0) told.whole("http.response.status_code", status);
    if (!failure.empty()) {
      told.text("error.type", failure);
      span.status(SpanWriter::Status::error, "");
    }
    if (const auto sink = telemetry->sink()) {
      span.tell(*sink, telemetry->style().host, std::chrono::system_clock::now());
    }
  }
};

// From here on the headers name this place instead of the one above it.
void put_into(http::Headers& headers, const TraceContext& place) {
  std::erase_if(headers, [&](const auto& header) {
    return http::equal_ignoring_case(header.first, "traceparent") ||
           (place.state.empty() && http::equal_ignoring_case(header.first, "tracestate"));
  });
  headers.emplace_back("traceparent", write_traceparent(place));
}

void add_method(AttributeWriter& told, std::string_view method) {
  const std::string_view known = known_method(method);
  told.text("http.request.method", known);
  if (known != method) told.text("http.request.method_original", method);
}

void add_server(AttributeWriter& told, const http::Url& url) {
  told.text("server.address", url.socket_path.empty() ? url.host : url.socket_path);
  if (url.port != 0) told.whole("server.port", url.port);
}

// "POST", or what a stranger's invention is called.
std::string method_in_name(std::string_view method) {
  return std::string(known_method(method) == method ? method : "HTTP");
}

std::string_view path_of(const http::Url& url) {
  return std::string_view(url.target).substr(0, url.target.find('?'));
}

}  // namespace

// ------------------------------------------------------------------------------------------- requests taken

RequestSpans::RequestSpans(std::shared_ptr<const Telemetry> telemetry, const std::vector<std::string>& excluded)
    : telemetry_(std::move(telemetry)) {
  for (const std::string& pattern : excluded) {
    try {
      excluded_.emplace_back(pattern);
    } catch (const std::regex_error&) {
      log::warning("pais.telemetry",
                   "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS: not a regular expression, ignored: " + pattern);
    }
  }
}

bool RequestSpans::is_excluded(const http::Request& request) const {
  if (excluded_.empty()) return false;
  const std::string path = request.path.substr(0, kMostToSearch);
  const std::string url = "http://" + std::string(request.header("Host").substr(0, kMostToSearch)) + path;
  return std::ranges::any_of(excluded_, [&](const std::regex& pattern) {
    return std::regex_search(path, pattern) || std::regex_search(url, pattern);
  });
}

http::Follower::End RequestSpans::follow(http::Request& request, std::string_view route) {
  if (is_excluded(request)) return {};
  const TraceContext caller = read_trace_context(request.headers);
  const TraceContext place = telemetry_->sampler().place_below(caller);
  put_into(request.headers, place);
  if (!place.sampled()) return {};

  std::string name = method_in_name(request.method);
  if (!route.empty()) name.append(" ").append(route);
  SpanWriter span(place, caller.span_id, name, SpanWriter::Kind::server, std::chrono::system_clock::now());
  AttributeWriter& told = span.attributes();
  add_method(told, request.method);
  told.text("url.path", request.path);
  told.text("url.scheme", "http");
  if (!route.empty()) told.text("http.route", route);
  if (const auto host = http::parse_url("http://" + std::string(request.header("Host")))) add_server(told, *host);
  return [followed = Followed{telemetry_, std::move(span)}](const http::Answered& answer) mutable {
    followed.span.attributes().text("network.protocol.version", answer.version);
    const bool is_ours = answer.status >= 500;  // what a client did wrong is no failure of the server
    const std::string status = std::to_string(answer.status);
    followed.end(answer.status, !is_ours ? "" : answer.code ? facts(*answer.code).name : std::string_view(status));
  };
}

// ------------------------------------------------------------------------------------------- requests made

void CallSpans::tell_to(std::shared_ptr<const Telemetry> telemetry) {
  const std::scoped_lock lock(mutex_);
  telemetry_ = std::move(telemetry);
}

http::CallFollower::End CallSpans::follow(const http::ClientRequest& request, const http::Url& url,
                                          http::Headers& headers) {
  const auto telemetry = [&] {
    const std::scoped_lock lock(mutex_);
    return telemetry_;
  }();
  if (!telemetry) return {};
  const TraceContext caller = read_trace_context(headers);
  const TraceContext place = telemetry->sampler().place_below(caller);
  if (!place.sampled()) return {};

  put_into(headers, place);

  SpanWriter span(place, caller.span_id, method_in_name(request.method), SpanWriter::Kind::client,
                  std::chrono::system_clock::now());
  AttributeWriter& told = span.attributes();
  add_method(told, request.method);
  told.text("url.full", url.origin() + std::string(path_of(url)));  // a query may hold a secret
  add_server(told, url);
  told.text("network.protocol.version", "1.1");
  return [followed = Followed{telemetry, std::move(span)}](const Result<http::ClientResponse>& answer) mutable {
    if (!answer) return followed.end(0, facts(answer.error().code).name);
    followed.end(answer->status, answer->status < 400 ? "" : std::to_string(answer->status));
  };
}

std::shared_ptr<CallSpans> call_spans(const Settings& settings) {
  return settings.telemetry_on() && settings.otel_include_http_client ? std::make_shared<CallSpans>() : nullptr;
}

}  // namespace pais::telemetry
