// The journal of a LocalMemory in a SQLite file, written by a thread of its own.
//
// Whatever has come in while a commit was under way goes into the next one together: many turns that end at once share
// a commit, and a single one waits for nothing but its own. When the disk refuses, entries wait (in order, up to a
// limit, beyond which the oldest are lost) and are tried again; those who wait for a receipt are told at once, the log
// once a change, and how many were lost.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "memory/journal.h"
#include "memory/session_file.h"

namespace pais::memory {

class SqliteJournal : public Journal {
 public:
  static constexpr std::size_t kMostUnwritten = 10'000;

  explicit SqliteJournal(std::unique_ptr<SessionFile> file, std::size_t most_unwritten = kMostUnwritten);
  ~SqliteJournal() override;

  Receipt appended(Appended what) override;
  Receipt removed(std::uint64_t conversation) override;
  Result<void> wait(Receipt receipt) override;
  void close() override;
  bool is_well() const override { return is_well_; }

 private:
  struct Removed {
    std::uint64_t conversation = 0;
  };
  using Entry = std::variant<Appended, Removed>;

  Receipt add(Entry entry);
  void run();
  Result<void> write_all();
  Result<void> write(const Entry& entry);
  void note(const Result<void>& written);
  void note_loss();

  const std::size_t most_unwritten_;
  std::unique_ptr<SessionFile> file_;  // the thread's own; let go of when it ends
  std::deque<Entry> unwritten_;        // the thread's own: taken from the queue, not yet committed
  std::size_t lost_ = 0;               // the thread's own: entries, since the disk refuses
  std::atomic<bool> is_well_ = true;

  std::mutex guard_;
  std::condition_variable arrived_;
  std::condition_variable attempted_;
  // --- guarded ---
  std::vector<Entry> queue_;
  Receipt last_ = 0;     // handed out
  Receipt tried_ = 0;    // up to here a commit has been tried
  Receipt written_ = 0;  // up to here one has succeeded
  std::string failure_;  // of the last commit that did not
  bool closing_ = false;
  bool closed_ = false;
  // ---------------
  std::once_flag ended_;
  std::thread thread_;
};

}  // namespace pais::memory
