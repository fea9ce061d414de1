// What is logged while it lives, instead of being printed.
#pragma once

#include <cstdio>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "http/owned_fd.h"

namespace pais::test {

class CapturedLog {
 public:
  CapturedLog() : paper_(::memfd_create("log", MFD_CLOEXEC)), stdout_before_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    ::dup2(paper_.value(), STDOUT_FILENO);
  }
  ~CapturedLog() {
    std::fflush(stdout);
    ::dup2(stdout_before_.value(), STDOUT_FILENO);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const {
    std::string text(static_cast<std::size_t>(::lseek(paper_.value(), 0, SEEK_END)), '\0');
    const ssize_t size = ::pread(paper_.value(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(size));
    return text;
  }

 private:
  const http::OwnedFd paper_;
  const http::OwnedFd stdout_before_;
};

}  // namespace pais::test
