#include "http/tls.h"

#include <arpa/inet.h>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/ssl.h"
#include "openssl/x509v3.h"

namespace pais::http {
namespace {

std::string openssl_says(std::string fallback) {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return fallback;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

Error unusable(const std::string& what) {
  return Error{.code = Code::unreachable, .cause = openssl_says(what), .doing = what};
}

// The socket as OpenSSL sees it. OpenSSL's own kind of BIO writes without MSG_NOSIGNAL, and a peer that has gone would
// end the process.
int fd_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int finish_io(BIO* bio, ssize_t bytes, int retry) {
  BIO_clear_retry_flags(bio);
  if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  }
  if (bytes == 0 && retry == BIO_FLAGS_READ) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(bytes);
}

int write_socket(BIO* bio, const char* bytes, int size) {
  return finish_io(bio, ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

int read_socket(BIO* bio, char* into, int size) {
  return finish_io(bio, ::recv(fd_of(bio), into, static_cast<std::size_t>(size), 0), BIO_FLAGS_READ);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pais socket");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

// "h2", "http/1.1" as the handshake carries them: each behind its length.
std::vector<unsigned char> wire_form(std::span<const std::string_view> protocols) {
  std::vector<unsigned char> wire;
  for (const std::string_view protocol : protocols) {
    wire.push_back(static_cast<unsigned char>(protocol.size()));
    wire.insert(wire.end(), protocol.begin(), protocol.end());
  }
  return wire;
}

bool is_address(const std::string& host) {
  in6_addr any;
  return ::inet_pton(AF_INET, host.c_str(), &any) == 1 || ::inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

bool expect_host(SSL* session, const std::string& host) {
  if (is_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

}  // namespace

void TlsTrust::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void TlsSession::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::shared(const std::string& ca_file, const TlsIdentity& identity) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, TlsIdentity>, std::weak_ptr<const TlsTrust>> known;  // guarded by mutex
  const std::lock_guard lock(mutex);
  auto& remembered = known[{ca_file, identity}];
  if (auto trust = remembered.lock()) return trust;
  auto trust = load(ca_file, identity);
  if (trust) remembered = *trust;
  return trust;
}

Result<std::shared_ptr<const TlsTrust>> TlsTrust::load(const std::string& ca_file, const TlsIdentity& identity) {
  ERR_clear_error();
  auto trust = std::make_shared<TlsTrust>();
  trust->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = trust->context_.get();
  if (context == nullptr) return unusable("preparing TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_default_verify_paths(context) != 1) return unusable("reading the system's certificates");
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return unusable("reading the certificates of " + ca_file);
  }
  if (!identity.certificate_file.empty()) {
    const bool good = SSL_CTX_use_certificate_chain_file(context, identity.certificate_file.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context, identity.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!good) return unusable("reading the certificate to show, and its key");
  }
  // A missing system store leaves errors behind that are none.
  ERR_clear_error();
  return std::shared_ptr<const TlsTrust>(std::move(trust));
}

Result<TlsSession> TlsSession::client(std::shared_ptr<const TlsTrust> trust, int fd, const std::string& host,
                                      std::span<const std::string_view> protocols) {
  ERR_clear_error();
  TlsSession session;
  session.session_.reset(SSL_new(trust->context()));
  session.trust_ = std::move(trust);
  SSL* ssl = session.session_.get();
  BIO* bio = BIO_new(socket_method());
  if (ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return unusable("opening a TLS session");
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  if (!expect_host(ssl, host)) return unusable("naming the host of a TLS session");
  const auto wire = wire_form(protocols);
  if (!wire.empty() && SSL_set_alpn_protos(ssl, wire.data(), static_cast<unsigned>(wire.size())) != 0) {
    return unusable("naming the protocols of a TLS session");
  }
  return session;
}

TlsSession::Step TlsSession::handshake() {
  ERR_clear_error();
  Step made = step(SSL_do_handshake(session_.get()), 0);
  if (made.progress != Progress::failed) return made;
  const long verdict = SSL_get_verify_result(session_.get());
  if (verdict != X509_V_OK) made.cause = std::string("the certificate: ") + X509_verify_cert_error_string(verdict);
  return made;
}

TlsSession::Step TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const int outcome = SSL_read_ex(session_.get(), into.data(), into.size(), &bytes);
  return step(outcome, bytes);
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  const int outcome = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written);
  return step(outcome, written);
}

TlsSession::Step TlsSession::peek() {
  ERR_clear_error();
  char byte = 0;
  std::size_t bytes = 0;
  const int outcome = SSL_peek_ex(session_.get(), &byte, 1, &bytes);
  return step(outcome, bytes);
}

TlsSession::Step TlsSession::step(int outcome, std::size_t bytes) const {
  if (outcome == 1) return {.progress = Progress::done, .bytes = bytes};
  switch (SSL_get_error(session_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return {.progress = Progress::wants_read};
    case SSL_ERROR_WANT_WRITE:
      return {.progress = Progress::wants_write};
    case SSL_ERROR_ZERO_RETURN:
      return {.progress = Progress::ended};
    default:
      return {.progress = Progress::failed, .cause = openssl_says("the TLS connection broke off")};
  }
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace pais::http
