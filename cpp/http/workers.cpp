#include "http/workers.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace pais::http {
namespace {

constexpr auto kIdleFor = std::chrono::seconds(10);
constexpr auto kPatience = std::chrono::seconds(1);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStack = 2 * 1024 * 1024;
#else
constexpr std::size_t kStack = 256 * 1024;
#endif

}  // namespace

struct Workers::Shared {
  explicit Shared(std::size_t limit) : most(limit) {}

  const std::size_t most;
  std::mutex mutex;  // guards all below
  std::condition_variable work;
  std::condition_variable ended;
  std::deque<std::function<void()>> tasks;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool closing = false;

  // A thread's life: tasks until there are none for a while.
  void live() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      const bool woken = work.wait_for(lock, kIdleFor, [&] { return closing || !tasks.empty(); });
      --idle;
      if (tasks.empty() && (closing || !woken)) break;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it held ends before the lock is taken again
      lock.lock();
    }
    --threads;
    ended.notify_all();
  }
};

Workers::Workers(std::size_t most) : shared_(std::make_shared<Shared>(most)) {}

void Workers::close() {
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->work.notify_all();
  shared_->ended.wait_for(lock, kPatience, [&] { return shared_->threads == 0; });
}

void Workers::submit(std::function<void()> task) {
  bool another = false;
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->closing) return;
    shared_->tasks.push_back(std::move(task));
    another = shared_->tasks.size() > shared_->idle && shared_->threads < shared_->most;
    if (another) ++shared_->threads;
  }
  shared_->work.notify_one();
  if (!another) return;

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  auto* life = new std::shared_ptr<Shared>(shared_);
  pthread_t thread{};
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        const std::unique_ptr<std::shared_ptr<Shared>> own(static_cast<std::shared_ptr<Shared>*>(argument));
        (*own)->live();
        return nullptr;
      },
      life);
  pthread_attr_destroy(&attributes);
  if (failed == 0) return;

  // The system gives no more threads: the task waits for one of those that are there.
  delete life;
  const std::scoped_lock lock(shared_->mutex);
  --shared_->threads;
  log::error("pais.server", "no thread could be started for a request");
}

std::size_t Workers::threads() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->threads;
}

}  // namespace pais::http
