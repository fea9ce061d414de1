#include "http/api_keys.h"

#include <fstream>
#include <sys/stat.h>

#include "openssl/crypto.h"
#include "openssl/sha.h"

#include "base/log.h"

namespace pais::http {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(500);
constexpr std::string_view kUnreadable = "unreadable";

std::string stamp_of(const std::string& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0) return {};
  return std::to_string(facts.st_size) + ":" + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec) + ":" + std::to_string(facts.st_ino);
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

  std::ifstream in(file_);
  if (!in) {
    if (file_stamp_ != kUnreadable) log::warning("pais.server", "AGENT_API_KEY_FILE cannot be read");
    file_stamp_ = kUnreadable;
    return;
  }
  Digests keys = fixed_;
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    keys.push_back(digest(line.substr(first, line.find_last_not_of(" \t\r") - first + 1)));
  }
  file_stamp_ = stamp;
  all_ = std::make_shared<const Digests>(std::move(keys));
}

}  // namespace pais::http
