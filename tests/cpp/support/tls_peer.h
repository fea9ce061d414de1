// The server's side of TLS for tests, with certificates made on the spot.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/ssl.h"
#include "openssl/x509v3.h"

#include "support/raw_server.h"

namespace pais::test {

// A certificate authority that nobody knows but who reads its file, and one certificate it has signed.
class TestCertificate {
 public:
  // `names` as a subjectAltName has them: "DNS:localhost,IP:127.0.0.1".
  explicit TestCertificate(const std::string& names) : authority_key_(EVP_EC_gen("P-256")), key_(EVP_EC_gen("P-256")) {
    authority_ = make("Test authority", authority_key_.get());
    add(authority_.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(authority_.get(), authority_.get());
    certificate_ = make("Test server", key_.get());
    add(certificate_.get(), NID_subject_alt_name, names);
    sign(certificate_.get(), authority_.get());
    write_authority();
  }

  ~TestCertificate() { ::unlink(path_.c_str()); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  const std::string& authority_file() const { return path_; }

  std::shared_ptr<SSL_CTX> server_context() const {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    SSL_CTX_set_alpn_select_cb(context.get(), take_first_protocol, nullptr);
    return context;
  }

 private:
  struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Certificate = std::unique_ptr<X509, Free>;
  using Key = std::unique_ptr<EVP_PKEY, Free>;

  static Certificate make(const char* name, EVP_PKEY* key) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1 + std::rand());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_pubkey(made.get(), key);
    return made;
  }

  static void add(X509* certificate, int what, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void sign(X509* certificate, X509* issuer) const {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    if (X509_sign(certificate, authority_key_.get(), EVP_sha256()) == 0) throw std::runtime_error("signing failed");
  }

  void write_authority() {
    path_ = "/tmp/pais-test-authority-XXXXXX";
    std::FILE* file = ::fdopen(::mkstemp(path_.data()), "w");
    PEM_write_X509(file, authority_.get());
    std::fclose(file);
  }

  static int take_first_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                                 unsigned, void*) {
    *size = offered[0];
    *chosen = offered + 1;
    return SSL_TLSEXT_ERR_OK;
  }

  Key authority_key_;
  Key key_;
  Certificate authority_;
  Certificate certificate_;
  std::string path_;
};

// Speaks TLS over a RawPeer, from its script.
class TlsPeer {
 public:
  TlsPeer(RawPeer& peer, std::shared_ptr<SSL_CTX> context)
      : context_(std::move(context)), ssl_(SSL_new(context_.get())) {
    // OpenSSL's own sockets raise SIGPIPE; ours must not, so it is held back for the thread of this script alone.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL_set_fd(ssl_.get(), peer.fd());
    accepted_ = SSL_accept(ssl_.get()) == 1;
  }

  bool accepted() const { return accepted_; }
  std::string asked_for() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }

  // Up to the blank line, and then `body_bytes` more; "" when the client hung up before.
  std::string read_request(std::size_t body_bytes = 0) {
    std::string request;
    std::size_t head_end = 0;
    while ((head_end = request.find("\r\n\r\n")) == std::string::npos || request.size() < head_end + 4 + body_bytes) {
      char bytes[4096];
      const int size = SSL_read(ssl_.get(), bytes, sizeof bytes);
      if (size <= 0) return "";
      request.append(bytes, static_cast<std::size_t>(size));
    }
    return request;
  }

  void send(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }

  // Says that nothing more will come.
  void end() { SSL_shutdown(ssl_.get()); }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool accepted_ = false;
};

}  // namespace pais::test
