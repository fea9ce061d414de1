#include "http/resolver.h"

#include <arpa/inet.h>
#include <condition_variable>
#include <cstring>
#include <netdb.h>
#include <system_error>
#include <thread>
#include <utility>

namespace pais::http {
namespace {

Result<std::vector<SocketAddress>> ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); failure != 0) {
    return Error{.code = Code::unreachable, .cause = "the name has no address: " + std::string(gai_strerror(failure))};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

void set_port(SocketAddress& address, std::uint16_t port) {
  if (address.family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  }
}

}  // namespace

struct Resolver::Lookup {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::optional<Result<std::vector<SocketAddress>>> answer;  // guarded by mutex
};

struct Resolver::Shared {
  Ask ask;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Lookup>> under_way;  // guarded by mutex
};

Resolver::Resolver(Ask ask) : shared_(std::make_shared<Shared>()) {
  shared_->ask = std::move(ask);
}

Resolver::~Resolver() = default;

const Resolver& Resolver::system() {
  // Never destroyed: a look-up left behind may outlive main.
  static const Resolver& resolver = *new Resolver(ask_system);
  return resolver;
}

Result<std::vector<SocketAddress>> Resolver::resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                                     const std::stop_token& stop) const {
  if (auto address = numeric_address(host)) {
    set_port(*address, port);
    return std::vector{*address};
  }
  auto joined = join(host);
  if (!joined) return joined.error();
  Lookup& lookup = **joined;

  std::unique_lock lock(lookup.mutex);
  const auto has_ended = [&] { return lookup.answer.has_value(); };
  const bool ended = deadline == kNoDeadline ? lookup.ended.wait(lock, stop, has_ended)
                                             : lookup.ended.wait_until(lock, stop, deadline, has_ended);
  if (!ended && stop.stop_requested()) return Error{.code = Code::cancelled, .cause = "the caller called it off"};
  if (!ended) return Error{.code = Code::timed_out, .cause = "the resolver did not answer in time"};

  auto addresses = *lookup.answer;
  if (!addresses) return addresses.error();
  if (addresses->empty()) return Error{.code = Code::unreachable, .cause = "the name has no address"};
  for (SocketAddress& address : *addresses) set_port(address, port);
  return addresses;
}

Result<std::shared_ptr<Resolver::Lookup>> Resolver::join(const std::string& host) const {
  const std::lock_guard lock(shared_->mutex);
  auto& under_way = shared_->under_way;
  if (const auto same = under_way.find(host); same != under_way.end()) return same->second;
  if (under_way.size() >= kMaxLookups) {
    return Error{.code = Code::unreachable, .cause = "too many names are being looked up"};
  }
  auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([shared = shared_, host, lookup] { look_up(shared, host, lookup); }).detach();
  } catch (const std::system_error& failure) {
    return Error{.code = Code::unreachable, .cause = std::string("no thread to look the name up: ") + failure.what()};
  }
  under_way.emplace(host, lookup);
  return lookup;
}

void Resolver::look_up(const std::shared_ptr<Shared>& shared, const std::string& host,
                       const std::shared_ptr<Lookup>& lookup) {
  auto answer = shared->ask(host);
  {
    const std::lock_guard lock(shared->mutex);
    shared->under_way.erase(host);
  }
  const std::lock_guard lock(lookup->mutex);
  lookup->answer = std::move(answer);
  lookup->ended.notify_all();
}

std::optional<SocketAddress> numeric_address(const std::string& host) {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    address.size = sizeof v4;
    return address;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    address.size = sizeof v6;
    return address;
  }
  return std::nullopt;
}

}  // namespace pais::http
