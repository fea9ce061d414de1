#include "base/workers.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <utility>

#include "base/home_process.h"
#include "base/log.h"

namespace pais {
namespace {

constexpr auto kIdleFor = std::chrono::seconds(10);
constexpr auto kPatience = std::chrono::seconds(1);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStack = 2 * 1024 * 1024;
#else
constexpr std::size_t kStack = 256 * 1024;
#endif

}  // namespace

// Waking a thread costs more than a short task does. So at most one thread is on its way to the tasks at a time, woken
// or newly made; when it takes one and there are more, it sends for the next thread before it begins. Short tasks are
// thus done by the few threads that are awake anyway, and a task that blocks holds nobody up. (Against one wake-up a
// task: half the CPU a request, up to twice the requests.)
struct Workers::Shared : std::enable_shared_from_this<Shared> {
  explicit Shared(std::size_t limit) : most(limit) {}

  const HomeProcess home;
  const std::size_t most;
  std::mutex mutex;  // guards all below
  std::condition_variable work;
  std::condition_variable ended;
  std::deque<std::function<void()>> tasks;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool coming = false;  // a thread is on its way to the tasks
  bool closing = false;

  enum class Help { none, wake, create };

  // Who should come for the tasks that are left. With the lock held; `send` follows without it.
  Help call_help() {
    if (coming || tasks.empty()) return Help::none;
    const Help help = idle > 0 ? Help::wake : threads < most ? Help::create : Help::none;
    coming = help != Help::none;
    if (help == Help::create) ++threads;
    return help;
  }

  void send(Help help) {
    if (help == Help::wake) work.notify_one();
    if (help == Help::create) create_thread();
  }

  // With the lock held. False when there is none for a while, or for ever.
  bool wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto until = std::chrono::steady_clock::now() + kIdleFor;
    bool in_time = true;
    while (tasks.empty() && !closing && in_time) {
      ++idle;
      in_time = work.wait_until(lock, until) == std::cv_status::no_timeout;
      --idle;
      coming = false;
    }
    return !tasks.empty();
  }

  // A thread's life.
  void live() {
    std::unique_lock lock(mutex);
    coming = false;
    while (wait_for_work(lock)) {
      auto task = std::move(tasks.front());
      tasks.pop_front();
      const Help help = call_help();
      lock.unlock();
      send(help);
      task();
      task = nullptr;               // what it held ends before the lock is taken again
      if (!home.is_here()) return;  // the task forked, and came back in the child: further ones are the parent's
      lock.lock();
    }
    --threads;
    ended.notify_all();
  }

  void create_thread() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStack);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    auto* life = new std::shared_ptr<Shared>(shared_from_this());
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
    const std::scoped_lock lock(mutex);
    --threads;
    coming = false;
    log::error("pais.server", "no thread could be started for a request");
  }
};

Workers::Workers(std::size_t most) : shared_(std::make_shared<Shared>(most)) {}

void Workers::close() {
  if (!shared_->home.is_here()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->work.notify_all();
  shared_->ended.wait_for(lock, kPatience, [&] { return shared_->threads == 0; });
}

void Workers::submit(std::function<void()> task) {
  if (!shared_->home.is_here()) return;
  Shared::Help help = Shared::Help::none;
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->closing) return;
    shared_->tasks.push_back(std::move(task));
    help = shared_->call_help();
  }
  shared_->send(help);
}

std::size_t Workers::threads() const {
  if (!shared_->home.is_here()) return 0;
  const std::scoped_lock lock(shared_->mutex);
  return shared_->threads;
}

}  // namespace pais
