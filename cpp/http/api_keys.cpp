#include "http/api_keys.h"

#include <array>
#include <fcntl.h>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "openssl/crypto.h"
#include "openssl/sha.h"

#include "base/log.h"
#include "base/trimmed.h"
#include "http/owned_fd.h"

namespace pais::http {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(500);
constexpr std::string_view kUnreadable = "unreadable";
constexpr std::size_t kLargestFile = 1024 * 1024;

std::string stamp_of(const std::string& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return {};
  return std::to_string(facts.st_size) + ":" + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec) + ":" + std::to_string(facts.st_ino);
}

// Of a regular file only: the thread that owns the sockets reads it, and a pipe would keep it waiting.
std::optional<std::string> contents_of(const std::string& file) {
  const OwnedFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (fd.value() < 0 || ::fstat(fd.value(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t size = 1; size != 0;) {
    size = ::read(fd.value(), piece.data(), piece.size());
    if (size < 0 || text.size() > kLargestFile) return std::nullopt;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

ApiKeys::ApiKeys(const std::vector<std::string>& keys, std::string file) : file_(std::move(file)) {
  for (const std::string& key : keys) fixed_.push_back(digest(key));
  all_ = std::make_shared<const Digests>(fixed_);
  if (!file_.empty()) read_file();
}

ApiKeys::Digest ApiKeys::digest(std::string_view key) {
  Digest hash(SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash.data());
  return hash;
}

bool ApiKeys::opens(std::string_view offered) {
  const Digest hash = digest(offered);
  bool found = false;
  for (const Digest& key : *current()) found |= CRYPTO_memcmp(key.data(), hash.data(), hash.size()) == 0;
  return found && !offered.empty();
}

bool ApiKeys::empty() {
  return current()->empty();
}

std::shared_ptr<const ApiKeys::Digests> ApiKeys::current() {
  const std::scoped_lock lock(mutex_);
  if (!file_.empty() && std::chrono::steady_clock::now() - looked_at_ > kLookEvery) read_file();
  return all_;
}

// Called under the lock, or before anybody else knows this object.
void ApiKeys::read_file() {
  looked_at_ = std::chrono::steady_clock::now();
  const std::string stamp = stamp_of(file_);
  if (stamp == file_stamp_ && !stamp.empty()) return;

  const auto contents = contents_of(file_);
  if (!contents) {
    if (file_stamp_ != kUnreadable) log::warning("pais.server", "AGENT_API_KEY_FILE cannot be read");
    file_stamp_ = kUnreadable;
    return;
  }
  Digests keys = fixed_;
  std::istringstream lines(*contents);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view key = trimmed(line);
    if (!key.empty() && !key.starts_with('#')) keys.push_back(digest(key));
  }
  file_stamp_ = stamp;
  all_ = std::make_shared<const Digests>(std::move(keys));
}

}  // namespace pais::http
