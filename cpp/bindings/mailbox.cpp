#include "bindings/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace pais::bindings {

Mailbox::Mailbox() : bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Mailbox::~Mailbox() {
  if (bell_ >= 0) ::close(bell_);
}

bool Mailbox::leave(Message message) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    first = messages_.empty();
    messages_.push_back(std::move(message));
  }
  if (first) ::eventfd_write(bell_, 1);
  return true;
}

void Mailbox::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  messages_.clear();
}

std::vector<Message> Mailbox::take() {
  eventfd_t rings = 0;
  ::eventfd_read(bell_, &rings);
  const std::scoped_lock lock(mutex_);
  return std::exchange(messages_, {});
}

}  // namespace pais::bindings
