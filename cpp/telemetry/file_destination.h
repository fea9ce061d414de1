// Telemetry on a machine that has no collector: a line of OTLP JSON for each export, in a file or on the console.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "http/owned_fd.h"
#include "telemetry/delivery.h"

namespace pais::telemetry {

// A file is appended to and only ever holds whole lines, also when its disk is full; on the console (`-`, our stdout) a
// line that found room for some of itself is finished before the next one. For one thread at a time.
class LineFile {
 public:
  // `unreachable` when it cannot be written to.
  static Result<std::shared_ptr<LineFile>> open(const std::string& path);

  LineFile(http::OwnedFd file, bool is_regular, std::string name)
      : file_(std::move(file)), is_regular_(is_regular), name_(std::move(name)) {}

  // `unreachable` when there is no room, and nothing of the line is there then; `timed_out` and `cancelled` when
  // nobody reads the console.
  Result<void> write(std::string_view line, http::Deadline deadline, const std::stop_token& stop);
  const std::string& name() const { return name_; }

 private:
  Result<void> append(std::string_view line) const;
  Result<void> print(http::Deadline deadline, const std::stop_token& stop);

  const http::OwnedFd file_;
  const bool is_regular_;
  const std::string name_;
  std::string begun_;  // what the console has not taken yet
};

class FileDestination : public Destination {
 public:
  // The file is shared with the destinations of other signals, on the same thread.
  explicit FileDestination(std::shared_ptr<LineFile> file) : file_(std::move(file)) {}

  OtlpForm form() const override { return OtlpForm::json; }
  std::string name() const override { return file_->name(); }
  Delivery deliver(std::span<const Bytes> body, http::Deadline deadline, const std::stop_token& stop) override;

 private:
  const std::shared_ptr<LineFile> file_;
};

}  // namespace pais::telemetry
