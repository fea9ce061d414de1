// Turns host names into addresses without ever holding a caller longer than it wants to wait.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/wait.h"

namespace pais::http {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// The system's resolver can neither be given a deadline nor be called off. So a look-up runs on a thread of its own,
// and whoever loses patience leaves it behind. Callers that ask for the same name at the same time share one look-up;
// `kMaxLookups` different ones may be under way, further ones are refused until one ends.
//
// From any thread. Answers are not kept: the system's resolver does that, or has its reasons.
class Resolver {
 public:
  static constexpr std::size_t kMaxLookups = 64;

  // What a look-up asks; its addresses come without a port. Runs on look-up threads and may block.
  using Ask = std::function<Result<std::vector<SocketAddress>>(const std::string& host)>;

  explicit Resolver(Ask ask);
  ~Resolver();

  // The one that asks the system.
  static const Resolver& system();

  // At least one address, in the order to try them. Numeric ones are answered at once. Failures: `unreachable`,
  // `timed_out`, `cancelled`.
  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, Deadline deadline,
                                             const std::stop_token& stop) const;

 private:
  struct Lookup;
  struct Shared;

  static void look_up(const std::shared_ptr<Shared>& shared, const std::string& host,
                      const std::shared_ptr<Lookup>& lookup);
  Result<std::shared_ptr<Lookup>> join(const std::string& host) const;

  std::shared_ptr<Shared> shared_;
};

// The address that `host` spells out in digits.
std::optional<SocketAddress> numeric_address(const std::string& host);

}  // namespace pais::http
