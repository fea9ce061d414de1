// A Redis over TLS, with a certificate made for the occasion.
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509v3.h"

#include "redis_server.h"
#include "store_under_test.h"

namespace pais::memory {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Writes a self-signed certificate for 127.0.0.1 and its key.
void make_certificate(const std::filesystem::path& folder) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("redis"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen((folder / "redis.crt").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((folder / "redis.key").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_EXTENSION_free(names);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

// redis-server cannot be asked to choose a port: the kernel chooses one, and it is free again for a moment.
int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(listener);
  return ntohs(address.sin_port);
}

class RedisTls : public testing::Test {
 protected:
  RedisTls() {
    make_certificate(folder_.path());
    const std::string certificate = folder_.path() / "redis.crt";
    server_ = std::make_unique<RedisServer>(std::vector<std::string>{
        "--tls-port", std::to_string(port_), "--bind", "127.0.0.1", "--tls-cert-file", certificate, "--tls-key-file",
        folder_.path() / "redis.key", "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"});
  }

  RedisOptions options() const {
    return {.url = "rediss://127.0.0.1:" + std::to_string(port_),
            .agent = "ada",
            .strict = true,
            .ca_file = folder_.path() / "redis.crt",
            .time = std::chrono::seconds(20)};
  }

  ScratchFolder folder_;
  const int port_ = free_port();
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisTls, RemembersOverTls) {
  const auto memory = redis_memory(options());
  ASSERT_TRUE(memory) << memory.error().describe();

  remember(**memory, "monday", "hello", std::string(60'000, 'x'));

  EXPECT_THAT(history(**memory, "monday"), SizeIs(2));
  EXPECT_EQ(server_->tell({"LLEN", "kaos:memory:events:monday"}).number, 2);
}

TEST_F(RedisTls, IsRefusedWithoutTrust) {
  RedisOptions strangers = options();
  strangers.ca_file.clear();

  const auto memory = redis_memory(strangers);

  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, Code::memory_unavailable);
  EXPECT_THAT(memory.error().describe(), HasSubstr("certificate"));
}

}  // namespace
}  // namespace pais::memory
