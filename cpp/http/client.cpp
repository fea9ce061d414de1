#include "http/client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/home_process.h"
#include "http/connection_pool.h"
#include "http/framing.h"
#include "http/httplib_client.h"
#include "http/proxies.h"
#include "http/tunnel.h"
#include "http/url.h"

namespace pais::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{250};  // with the end of an answer that has said all its receiver wanted to hear
constexpr std::chrono::minutes kNoPatienceFor{1};  // with an origin that let us wait for it in vain

Error bad_request(std::string cause) {
  return Error{.code = Code::malformed, .cause = std::move(cause)};
}

// What frames a message, or changes how it has to be read, is ours to say.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 10> kOurs = {
      "Accept-Encoding", "Connection", "Content-Length", "Expect",  "Host",
      "Keep-Alive",      "TE",         "Trailer",        "Upgrade", "Transfer-Encoding",
  };
  return std::ranges::any_of(kOurs, [&](std::string_view ours) { return equal_ignoring_case(name, ours); });
}

bool is_header_text(std::string_view value) {
  return std::ranges::none_of(value,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

Result<void> check(const ClientRequest& request) {
  if (!is_token(request.method) || request.method == "CONNECT") return bad_request("the method is not one");
  if (!is_header_text(request.content_type)) return bad_request("the content type holds a control character");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return bad_request("the name of a header is not one");
    if (!is_header_text(value)) return bad_request("the header " + name + " holds a control character");
    if (is_ours(name)) return bad_request("the header " + name + " cannot be set");
  }
  return {};
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
}

bool is_repeatable(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE";
}

}  // namespace

// All that a Client owns.
class Client::Pool {
 public:
  explicit Pool(Options options)
      : options_(std::move(options)),
        proxies_(options_.trust_environment ? Proxies::from(std::getenv) : Proxies()),
        connections_(options_.idle_per_origin, options_.idle_for) {}

  Result<ClientResponse> send(const ClientRequest& request, const Receiver* receiver, const std::stop_token& stop) {
    // In a forked child nothing of the parent's is touched: a lock may be held for ever, and answers are not for us.
    if (!home_.is_here()) return Pool(options_).send(request, receiver, stop);
    if (auto checked = check(request); !checked) return checked.error().during("preparing a request");
    if (!is_header_text(options_.user_agent)) return bad_request("the user agent holds a control character");
    auto url = parse_url(request.url);
    if (!url) return url.error().during("preparing a request");
    auto answer = send_to(*url, request, receiver, stop);
    if (!answer) return answer.error().during(request.method + " " + url->origin());
    return answer;
  }

 private:
  // Where a call goes: straight to its URL, or by way of a proxy.
  struct Way {
    const Url& url;
    const Url* proxy;

    bool tls() const { return url.scheme == Url::Scheme::https; }
    bool told_to_proxy() const { return proxy != nullptr && !tls(); }
    std::string pool_key() const { return told_to_proxy() ? "by way of " + proxy->origin() : url.origin(); }
  };

  Result<ClientResponse> send_to(const Url& url, const ClientRequest& request, const Receiver* receiver,
                                 const std::stop_token& stop) {
    auto proxy = proxies_.between_us_and(url);
    if (!proxy) return proxy.error();
    const Way way{url, *proxy};
    const std::string key = way.pool_key();
    Call call = prepare(request, way);
    if (receiver != nullptr) call.patience = patience_with(key);
    if (!options_.follower) return make(way, key, call, receiver, stop);
    const CallFollower::End ended = options_.follower->follow(request, url, call.headers);
    auto answer = make(way, key, call, receiver, stop);
    if (ended) ended(answer);
    return answer;
  }

  Result<ClientResponse> make(const Way& way, const std::string& key, const Call& call, const Receiver* receiver,
                              const std::stop_token& stop) {
    if (auto pooled = connections_.take(key)) {
      auto answer = pooled->make(call, receiver, stop);
      if (!is_stale(answer, *pooled, call.method)) return finish(key, std::move(pooled), std::move(answer));
    }
    auto fresh = connect(way, call, stop);
    if (!fresh) return fresh.error();
    auto answer = (*fresh)->make(call, receiver, stop);
    return finish(key, *std::move(fresh), std::move(answer));
  }

  Call prepare(const ClientRequest& request, const Way& way) const {
    Call call{.method = request.method,
              .target = way.told_to_proxy() ? "http://" + way.url.authority() + way.url.target : way.url.target,
              .headers = request.headers,
              .body = request.body,
              .limits = request.limits,
              .end = deadline_in(request.limits.total)};
    const auto add = [&](const char* name, std::string value) {
      if (!has_header(request.headers, name)) call.headers.emplace_back(name, std::move(value));
    };
    call.headers.emplace_back("Host", way.url.authority());
    add("User-Agent", options_.user_agent);
    if (!request.body.empty() && !request.content_type.empty()) add("Content-Type", request.content_type);
    if (!way.url.credentials.empty()) add("Authorization", basic_authorization(way.url.credentials));
    if (way.told_to_proxy() && !way.proxy->credentials.empty()) {
      add("Proxy-Authorization", basic_authorization(way.proxy->credentials));
    }
    return call;
  }

  // The peer had closed it, and the request may be made again. (Broken off before a byte of an answer is what a
  // connection looks like that was closed while the request was on its way.)
  static bool is_stale(const Result<ClientResponse>& answer, const HttplibClient& connection, std::string_view method) {
    if (answer || !connection.unheard()) return false;
    const Code code = answer.error().code;
    if (code != Code::malformed && code != Code::unreachable) return false;
    return connection.unsent() || is_repeatable(method);
  }

  Result<ClientResponse> finish(const std::string& key, std::unique_ptr<HttplibClient> connection,
                                Result<ClientResponse> answer) {
    if (connection->kept_waiting()) lose_patience_with(key);
    if (connection->reusable()) connections_.keep(key, std::move(connection));
    return answer;
  }

  milliseconds patience_with(const std::string& key) {
    const std::lock_guard lock(tardy_mutex_);
    const auto tardy = tardy_.find(key);
    if (tardy == tardy_.end()) return kPatience;
    if (steady_clock::now() < tardy->second) return milliseconds(0);
    tardy_.erase(tardy);
    return kPatience;
  }

  void lose_patience_with(const std::string& key) {
    const std::lock_guard lock(tardy_mutex_);
    tardy_.try_emplace(key, steady_clock::now() + kNoPatienceFor);
  }

  Result<std::unique_ptr<HttplibClient>> connect(const Way& way, const Call& call, const std::stop_token& stop) {
    const Deadline for_connecting = deadline_in(call.limits.connect);
    auto connection = connect(way, std::min(call.end, for_connecting), stop);
    const bool too_slow = !connection && connection.error().code == Code::timed_out && for_connecting < call.end;
    return too_slow ? connection.error().as(Code::unreachable) : std::move(connection);
  }

  Result<std::unique_ptr<HttplibClient>> connect(const Way& way, Deadline deadline, const std::stop_token& stop) {
    const Url& first = way.proxy != nullptr ? *way.proxy : way.url;
    const Endpoint to{.host = first.host,
                      .port = first.port,
                      .socket_path = first.socket_path,
                      .admits = way.proxy == nullptr ? options_.admits : nullptr};
    auto connection = Connection::open(to, deadline, stop);
    if (!connection) return connection.error();
    if (way.tls() && way.proxy != nullptr) {
      auto opened = open_tunnel(*connection, *way.proxy, way.url, deadline, stop);
      if (!opened) return opened.error().during("asking the proxy");
    }
    if (way.tls()) {
      auto shaken = start_tls(*connection, way.url.host, deadline, stop);
      if (!shaken) return shaken.error();
    }
    return std::make_unique<HttplibClient>(*std::move(connection));
  }

  Result<void> start_tls(Connection& connection, const std::string& host, Deadline deadline,
                         const std::stop_token& stop) {
    auto trust = trusted();
    if (!trust) return trust.error();
    constexpr std::array<std::string_view, 1> kProtocols = {"http/1.1"};
    return connection.start_tls(*trust, host, deadline, stop, kProtocols);
  }

  // Read when the first call needs it, and kept.
  Result<std::shared_ptr<const TlsTrust>> trusted() {
    const std::lock_guard lock(trust_mutex_);
    if (trust_) return trust_;
    auto trust = TlsTrust::shared(options_.ca_file, {options_.certificate_file, options_.key_file});
    if (trust) trust_ = *trust;
    return trust;
  }

  const HomeProcess home_;
  const Options options_;
  const Proxies proxies_;
  ConnectionPool connections_;
  std::mutex tardy_mutex_;
  std::unordered_map<std::string, Deadline> tardy_;  // until when; guarded by tardy_mutex_
  std::mutex trust_mutex_;
  std::shared_ptr<const TlsTrust> trust_;  // guarded by trust_mutex_
};

Client::Client() : Client(Options()) {}
Client::Client(Options options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Client::~Client() = default;

Result<ClientResponse> Client::send(const ClientRequest& request, std::stop_token stop) const {
  return pool_->send(request, nullptr, stop);
}

Result<ClientResponse> Client::send(const ClientRequest& request, const Receiver& receiver,
                                    std::stop_token stop) const {
  return pool_->send(request, &receiver, stop);
}

}  // namespace pais::http
