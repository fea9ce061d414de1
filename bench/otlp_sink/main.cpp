// pais-otlp-sink: the cheapest collector there can be. OTLP over gRPC in plain text, of which every byte is read and
// every span counted, thanked for, and thrown away.
//
// It prints what it has heard so far at each SIGUSR1, and when it ends (SIGTERM): `requests`, `spans`, `bytes`.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "otlp_sink/caller.h"
#include "wire/arguments.h"
#include "wire/epoll.h"

namespace pais::bench {
namespace {

using std::chrono::hours;

sigset_t our_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  return signals;
}

void tell(const Heard& heard) {
  std::printf("%llu requests, %llu spans, %llu bytes\n", static_cast<unsigned long long>(heard.requests),
              static_cast<unsigned long long>(heard.spans), static_cast<unsigned long long>(heard.bytes));
  std::fflush(stdout);
}

class Sink {
 public:
  Sink(Fd listener, Fd signals) : listener_(std::move(listener)), signals_(std::move(signals)) {
    epoll_.add(listener_.number(), kListener);
    epoll_.add(signals_.number(), kSignals);
  }

  void run() {
    while (!ended_) {
      for (const epoll_event& event : epoll_.wait(hours(1))) serve(event.data.u64);
    }
    tell(heard_);
  }

 private:
  static constexpr std::uint64_t kListener = 0;
  static constexpr std::uint64_t kSignals = 1;

  void serve(std::uint64_t name) {
    if (name == kListener) return accept();
    if (name == kSignals) return obey();
    const auto caller = callers_.find(name);
    if (caller->second.hear()) return;
    epoll_.remove(caller->second.socket());
    callers_.erase(caller);
  }

  void accept() {
    Fd socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    epoll_.add(socket.number(), ++last_name_);
    callers_.try_emplace(last_name_, std::move(socket), heard_);
  }

  void obey() {
    signalfd_siginfo received{};
    if (::read(signals_.number(), &received, sizeof received) != sizeof received) return;
    ended_ = received.ssi_signo != SIGUSR1;
    if (!ended_) tell(heard_);
  }

  const Fd listener_;
  const Fd signals_;
  Epoll epoll_;
  Heard heard_;
  std::map<std::uint64_t, Caller> callers_;
  std::uint64_t last_name_ = kSignals;
  bool ended_ = false;
};

Result<void> main(int argc, char** argv) {
  Arguments arguments(argc, argv, 1);
  const auto at = endpoint("127.0.0.1", static_cast<int>(arguments.number("port", 0, 0, 65'535)));
  if (auto verdict = arguments.verdict(); !verdict) return verdict;
  if (!at) return at.error();
  auto listener = listen_on(*at);
  if (!listener) return listener.error();
  const sigset_t signals = our_signals();
  std::printf("Listening on http://127.0.0.1:%d\n", port_of(*listener));
  std::fflush(stdout);
  Sink(*std::move(listener), Fd(::signalfd(-1, &signals, SFD_CLOEXEC))).run();
  return {};
}

}  // namespace
}  // namespace pais::bench

int main(int argc, char** argv) {
  const sigset_t signals = pais::bench::our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto done = pais::bench::main(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "pais-otlp-sink: %s\n", done.error().describe().c_str());
  return 1;
}
