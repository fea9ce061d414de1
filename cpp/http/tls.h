// TLS 1.2 and newer over a socket that somebody else waits for.
//
// A TlsSession never blocks: it does what it can and says what it needs. Its writes cannot raise SIGPIPE.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace pais::http {

// What we show to a server that wants to know who we are: files in PEM form, the certificate with its chain. Both
// empty: nothing.
struct TlsIdentity {
  std::string certificate_file = {};
  std::string key_file = {};

  friend bool operator<(const TlsIdentity& one, const TlsIdentity& other) {
    return std::tie(one.certificate_file, one.key_file) < std::tie(other.certificate_file, other.key_file);
  }
};

// Whom to believe: the system's roots (SSL_CERT_FILE and SSL_CERT_DIR name others), and those of one more file.
class TlsTrust {
 public:
  // Read once for each `ca_file` ("": none) and identity, and shared while somebody uses it, for roots are large.
  // `unreachable` when they cannot be read. From any thread.
  static Result<std::shared_ptr<const TlsTrust>> shared(const std::string& ca_file, const TlsIdentity& identity = {});

  ssl_ctx_st* context() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };

  static Result<std::shared_ptr<const TlsTrust>> load(const std::string& ca_file, const TlsIdentity& identity);

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsSession {
 public:
  enum class Progress { done, wants_read, wants_write, ended, failed };

  struct Step {
    Progress progress = Progress::failed;
    std::size_t bytes = 0;   // when done
    std::string cause = {};  // when failed
  };

  // The client's side of a session with `host` (a name or an address, checked against the certificate). `protocols`
  // are offered by ALPN, best first. `unreachable` when OpenSSL refuses.
  static Result<TlsSession> client(std::shared_ptr<const TlsTrust> trust, int fd, const std::string& host,
                                   std::span<const std::string_view> protocols);

  Step handshake();
  Step read(std::span<char> into);
  Step write(std::string_view bytes);
  // Takes in what is not data (session tickets); `wants_read` when nothing else was there.
  Step peek();

  std::string_view protocol() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };

  Step step(int outcome, std::size_t bytes) const;

  std::shared_ptr<const TlsTrust> trust_;
  std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace pais::http
