#include "memory/sqlite_journal.h"

#include <iterator>
#include <utility>

#include "base/log.h"
#include "memory/local_memory.h"

namespace pais::memory {
namespace {

constexpr std::chrono::seconds kPatience(10);        // with a disk that does not answer
constexpr std::chrono::milliseconds kNextTry(1000);  // of what a disk refused

Error not_written(std::string cause) {
  return {.code = Code::memory_unavailable, .cause = std::move(cause), .doing = "writing the session file"};
}

}  // namespace

SqliteJournal::SqliteJournal(std::unique_ptr<SessionFile> file, std::size_t most_unwritten)
    : most_unwritten_(most_unwritten), file_(std::move(file)), thread_([this] { run(); }) {}

SqliteJournal::~SqliteJournal() {
  close();
}

Journal::Receipt SqliteJournal::appended(Appended what) {
  return add(std::move(what));
}

Journal::Receipt SqliteJournal::removed(std::uint64_t conversation) {
  return add(Removed{conversation});
}

Journal::Receipt SqliteJournal::add(Entry entry) {
  const std::scoped_lock lock(guard_);
  if (!closing_) queue_.push_back(std::move(entry));
  arrived_.notify_one();
  return ++last_;
}

Result<void> SqliteJournal::wait(Receipt receipt) {
  std::unique_lock lock(guard_);
  const bool answered = attempted_.wait_for(lock, kPatience, [&] { return tried_ >= receipt || closed_; });
  if (written_ >= receipt) return {};
  if (!answered) return not_written("the disk does not answer");
  return not_written(closed_ ? "the memory is closed" : failure_);
}

void SqliteJournal::close() {
  {
    const std::scoped_lock lock(guard_);
    closing_ = true;
  }
  arrived_.notify_one();
  std::call_once(ended_, [this] { thread_.join(); });
}

void SqliteJournal::run() {
  std::unique_lock lock(guard_);
  while (!closing_ || !queue_.empty()) {
    const auto something_to_do = [&] { return closing_ || !queue_.empty(); };
    if (unwritten_.empty()) {
      arrived_.wait(lock, something_to_do);
    } else {
      arrived_.wait_for(lock, kNextTry, something_to_do);
    }
    const Receipt taken = last_;
    std::move(queue_.begin(), queue_.end(), std::back_inserter(unwritten_));
    queue_.clear();
    lock.unlock();
    const auto written = write_all();
    note(written);
    lock.lock();
    tried_ = taken;
    if (written) {
      written_ = taken;
    } else {
      failure_ = written.error().describe();
    }
    attempted_.notify_all();
  }
  lost_ += unwritten_.size();
  if (lost_ > 0) note_loss();
  file_.reset();
  closed_ = true;
  attempted_.notify_all();
}

Result<void> SqliteJournal::write_all() {
  if (unwritten_.empty()) return {};
  auto done = file_->begin();
  for (auto entry = unwritten_.begin(); done && entry != unwritten_.end(); ++entry) done = write(*entry);
  if (done) done = file_->commit();
  if (done) {
    unwritten_.clear();
    return {};
  }
  file_->roll_back();
  for (; unwritten_.size() > most_unwritten_; unwritten_.pop_front()) {
    if (++lost_ == 1) {
      log::warning("pais.memory", "too much is waiting for the session file: from now on the oldest entries are lost");
    }
  }
  return done;
}

Result<void> SqliteJournal::write(const Entry& entry) {
  if (const auto* appended = std::get_if<Appended>(&entry)) return file_->append(*appended);
  return file_->remove(std::get<Removed>(entry).conversation);
}

void SqliteJournal::note(const Result<void>& written) {
  const bool is_well = static_cast<bool>(written);
  if (is_well_.exchange(is_well) == is_well) return;
  if (is_well) {
    log::info("pais.memory", "the session file can be written again");
    if (lost_ > 0) note_loss();
  } else {
    log::warning("pais.memory",
                 "the session file cannot be written, sessions live in memory only: " + written.error().describe());
  }
}

void SqliteJournal::note_loss() {
  log::warning("pais.memory", std::to_string(std::exchange(lost_, 0)) +
                                  " entries were lost, as the session file could not be written");
}

Result<std::unique_ptr<Memory>> sqlite_memory(const std::string& path, const LocalOptions& options) {
  auto file = SessionFile::open(path);
  if (!file) return file.error();
  auto conversations = (*file)->load();
  if (!conversations) return conversations.error().during("reading the session file " + path);
  auto memory = std::make_unique<LocalMemory>(options, std::make_unique<SqliteJournal>(std::move(*file)));
  memory->restore(*conversations);
  return std::unique_ptr<Memory>(std::move(memory));
}

}  // namespace pais::memory
