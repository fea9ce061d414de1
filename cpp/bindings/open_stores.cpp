#include "bindings/open_stores.h"

#include <utility>

namespace pais::bindings {

void OpenStores::add(const std::shared_ptr<memory::Memory>& store) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(stores_, [](const auto& known) { return known.expired(); });
  stores_.push_back(store);
}

void OpenStores::close(memory::Memory& store) {
  if (!home_.is_here()) return;
  const std::scoped_lock lock(closing_);
  store.close();
}

void OpenStores::close_all() {
  if (!home_.is_here()) return;
  std::vector<std::weak_ptr<memory::Memory>> left;
  {
    const std::scoped_lock lock(mutex_);
    left = std::exchange(stores_, {});
  }
  for (const auto& store : left) {
    if (const auto open = store.lock()) close(*open);
  }
}

}  // namespace pais::bindings
