// Where a LocalMemory writes down what it does, so that it can be read back after a restart.
//
// Entries are made while the conversation they are about is locked, so those of one conversation arrive in order; they
// only join a queue and never wait for a disk. Whoever is about to acknowledge something waits for its receipt.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "memory/memory.h"

namespace pais::memory {

class Journal {
 public:
  using Receipt = std::uint64_t;

  struct Appended {
    std::uint64_t conversation = 0;  // its number
    SessionInfo info = {};           // after it
    std::uint64_t place = 0;         // of the first event
    std::uint64_t keep_from = 0;     // older events are gone
    std::vector<MemoryEvent> events = {};
  };

  virtual ~Journal() = default;

  virtual Receipt appended(Appended what) = 0;
  virtual Receipt removed(std::uint64_t conversation) = 0;

  // Returns when everything up to the receipt would survive the end of this process. memory_unavailable: it may not.
  virtual Result<void> wait(Receipt receipt) = 0;

  // Writes what is queued and lets go of the file; entries after it fail. From any thread, as often as anybody likes.
  virtual void close() = 0;

  // False while entries cannot be written.
  virtual bool is_well() const = 0;
};

}  // namespace pais::memory
