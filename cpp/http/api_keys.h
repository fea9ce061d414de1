// The keys that open this server.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pais::http {

// From any thread. Comparing takes the same time whatever the key offered: both sides are hashed first, and every key
// is compared.
class ApiKeys {
 public:
  // `file`: one key a line, `#` starts a comment line; read again within a second of a change. A file that cannot be
  // read (or is none: only a regular file of at most a MiB is) keeps the keys it gave last.
  ApiKeys(const std::vector<std::string>& keys, std::string file);

  bool opens(std::string_view offered);
  bool empty();

 private:
  using Digest = std::vector<unsigned char>;
  using Digests = std::vector<Digest>;

  static Digest digest(std::string_view key);
  std::shared_ptr<const Digests> current();
  void read_file();

  const std::string file_;
  Digests fixed_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Digests> all_;
  std::chrono::steady_clock::time_point looked_at_;
  std::string file_stamp_;  // size and time of the file as last read
};

}  // namespace pais::http
