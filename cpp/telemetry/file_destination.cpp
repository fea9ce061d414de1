#include "telemetry/file_destination.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "http/wait.h"

namespace pais::telemetry {
namespace {

constexpr mode_t kForTheOwner = 0600;  // it may hold prompts and answers

Error unwritable(int code) {
  return Error{.code = Code::unreachable, .cause = std::generic_category().message(code)};
}

}  // namespace

Result<std::shared_ptr<LineFile>> LineFile::open(const std::string& path) {
  const bool console = path == "-";
  http::OwnedFd file(console
                         ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                         : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, kForTheOwner));
  struct stat about {};
  if (!file.valid() || ::fstat(file.value(), &about) != 0) return unwritable(errno);
  const bool is_regular = !console && S_ISREG(about.st_mode);
  return std::make_shared<LineFile>(std::move(file), is_regular, console ? "the console" : path);
}

Result<void> LineFile::write(std::string_view line, http::Deadline deadline, const std::stop_token& stop) {
  if (is_regular_) return append(std::string(line) + '\n');
  if (auto finished = print(deadline, stop); !finished) return finished;
  begun_ = std::string(line) + '\n';
  auto printed = print(deadline, stop);
  const bool untouched = begun_.size() == line.size() + 1;
  if (!printed && untouched) begun_.clear();
  return untouched ? printed : Result<void>();
}

Result<void> LineFile::append(std::string_view line) const {
  const off_t before = ::lseek(file_.value(), 0, SEEK_END);
  while (!line.empty()) {
    const ssize_t written = ::write(file_.value(), line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int why = written < 0 ? errno : ENOSPC;
      [[maybe_unused]] const int cut = ::ftruncate(file_.value(), before);  // back to whole lines
      return unwritable(why);
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// A pipe may have a reader that has stopped reading: so nothing is written before there is room, nor more than fits.
Result<void> LineFile::print(http::Deadline deadline, const std::stop_token& stop) {
  while (!begun_.empty()) {
    pollfd out{.fd = file_.value(), .events = POLLOUT, .revents = 0};
    if (auto waited = http::wait_for(std::span(&out, 1), deadline, stop); !waited) return waited;
    if ((out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return unwritable(EPIPE);
    const ssize_t written = ::write(file_.value(), begun_.data(), std::min<std::size_t>(begun_.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return unwritable(errno);
    if (written > 0) begun_.erase(0, static_cast<std::size_t>(written));
  }
  return {};
}

Delivery FileDestination::deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) {
  const auto written = file_->write(joined(body), deadline, stop);
  if (written) return {};
  const bool is_full = written.error().code == Code::unreachable;
  return {.verdict = is_full ? Delivery::Verdict::refused : Delivery::Verdict::later,
          .cause = written.error().describe()};
}

}  // namespace pais::telemetry
