#include "http/response.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "nlohmann/json.hpp"

#include "base/json.h"

namespace pais::http {
namespace {

void add(std::string& head, std::string_view name, std::string_view value) {
  const bool breaks_out = std::ranges::any_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  if (!breaks_out) head.append(name).append(": ").append(value).append("\r\n");
}

std::string begin_head(int status, const Envelope& envelope) {
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_phrase(status)).append("\r\n");
  add(head, "Date", date_now());
  add(head, "Connection", envelope.close ? "close" : "keep-alive");
  add(head, "X-Request-ID", envelope.request_id);
  for (const auto& [name, value] : envelope.cors) add(head, name, value);
  return head;
}

nlohmann::ordered_json error_object(const Error& error) {
  nlohmann::ordered_json object = {{"message", error.message()}, {"type", facts(error.code).type}, {"param", nullptr}};
  if (!error.param.empty()) object["param"] = error.param;
  object["code"] = facts(error.code).name;
  if (error.upstream_status) object["upstream_status"] = *error.upstream_status;
  return object;
}

std::string text_of(const nlohmann::ordered_json& body) {
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string_view date_now() {
  static thread_local std::time_t made_at = -1;
  static thread_local std::array<char, 32> text{};
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != made_at) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_at = now;
  }
  return text.data();
}

bool client_has(const Request& request, std::string_view etag) {
  const std::string_view known = request.header("If-None-Match");
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return known == "*" || known.find(etag) != std::string_view::npos;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

std::string response_head(const Response& response, const Envelope& envelope) {
  std::string head = begin_head(response.status, envelope);
  const bool bodyless = response.status == 204 || response.status == 304;
  if (!bodyless) {
    add(head, "Content-Type", response.content_type);
    add(head, "Content-Length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) add(head, name, value);
  return head.append("\r\n");
}

std::string stream_head(const Headers& headers, const Envelope& envelope, bool chunked) {
  std::string head = begin_head(200, envelope);
  add(head, "Content-Type", kStreamType);
  add(head, "Cache-Control", "no-cache");
  add(head, "X-Accel-Buffering", "no");
  if (chunked) add(head, "Transfer-Encoding", "chunked");
  // Without a list of origins, streams alone are open to pages, as they are in the Python server.
  if (envelope.cors.empty()) {
    add(head, "Access-Control-Allow-Origin", "*");
    add(head, "Access-Control-Allow-Headers", "*");
  }
  for (const auto& [name, value] : headers) add(head, name, value);
  return head.append("\r\n");
}

std::string error_json(const Error& error) {
  nlohmann::ordered_json body = {{"error", error_object(error)}, {"detail", error.message()}};
  if (error.code == Code::invalid_query) {  // its cause is what the client wrote, and may be told him again
    const auto place = nlohmann::ordered_json::array({"query", error.param});
    body["detail"] = {
        {{"type", facts(error.code).name}, {"loc", place}, {"msg", error.message()}, {"input", error.cause}}};
  }
  return text_of(body);
}

std::string error_event_json(const Error& error) {
  return text_of({{"error", error_object(error)}});
}

Response error_response(const Error& error) {
  const CodeFacts& known = facts(error.code);
  Response response{.status = known.status, .body = error_json(error), .code = error.code};
  if (!known.may_retry) response.headers.emplace_back("x-should-retry", "false");
  if (error.retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  } else if (known.status == 429 || known.status == 503) {
    response.headers.emplace_back("Retry-After", "1");
  }
  if (known.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace pais::http
