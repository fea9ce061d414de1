#include "telemetry/file_destination.h"

#include <array>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "http/owned_fd.h"

namespace pais::telemetry {
namespace {

using namespace std::chrono_literals;

class LineFiles : public ::testing::Test {
 protected:
  LineFiles() { ::close(::mkstemp(path_.data())); }
  ~LineFiles() override { ::unlink(path_.c_str()); }

  std::string contents() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path_ = "/tmp/pais-test-telemetry-XXXXXX";
};

// For as long as it lives, no file of this process grows beyond so many bytes: a disk that is full.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : signal_before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  void (*signal_before_)(int);
  rlimit before_{};
};

TEST_F(LineFiles, AppendToWhatIsThere) {
  std::ofstream(path_) << "{\"before\":1}\n";
  const auto file = LineFile::open(path_);
  ASSERT_TRUE(file);

  EXPECT_TRUE((*file)->write("{\"a\":1}", http::kNoDeadline, {}));
  EXPECT_TRUE((*file)->write("{\"b\":2}", http::kNoDeadline, {}));

  EXPECT_EQ(contents(), "{\"before\":1}\n{\"a\":1}\n{\"b\":2}\n");
}

TEST_F(LineFiles, AreForTheirOwnerAlone) {
  ::unlink(path_.c_str());

  const auto file = LineFile::open(path_);

  struct stat about {};
  ASSERT_TRUE(file);
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(LineFiles, HoldOnlyWholeLinesWhenTheDiskIsFullAndGoOnWhenThereIsRoom) {
  const auto file = LineFile::open(path_);
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->write("first", http::kNoDeadline, {}));
  {
    const SmallDisk full(10);
    EXPECT_FALSE((*file)->write("this line has no room", http::kNoDeadline, {}));
  }

  EXPECT_TRUE((*file)->write("last", http::kNoDeadline, {}));

  EXPECT_EQ(contents(), "first\nlast\n");
}

TEST(LinesOnAPipe, AreFinishedBeforeTheNextOneWhenTheReaderComesBack) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const http::OwnedFd out(ends[0]);
  auto file = std::make_unique<LineFile>(http::OwnedFd(ends[1]), false, "a pipe");
  const std::string large(200'000, 'x');
  const auto soon = [] { return std::chrono::steady_clock::now() + 50ms; };

  EXPECT_TRUE(file->write(large, soon(), {})) << "some of it is out, and the rest will be";
  const auto second = file->write("second", soon(), {});
  std::string seen;
  std::jthread reader([&] {
    std::array<char, 4096> bytes{};
    for (ssize_t some = 0; (some = ::read(out.value(), bytes.data(), bytes.size())) > 0;) {
      seen.append(bytes.data(), static_cast<std::size_t>(some));
    }
  });
  EXPECT_TRUE(file->write("third", std::chrono::steady_clock::now() + 30s, {}));
  file = nullptr;
  reader.join();

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::timed_out);
  EXPECT_EQ(seen, large + "\nthird\n");
}

}  // namespace
}  // namespace pais::telemetry
